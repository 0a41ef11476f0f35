import Foundation

/// An axis: what it shows, over which range, with which ticks.
package struct PlotAxis: Sendable {
  package enum Scale: Sendable { case linear, log }

  /// How numbers on the axis are written.
  package enum Format: Sendable {
    /// 1,000 and 0.25.
    case plain
    /// 12 % from 0.12.
    case percent
    /// 1.2 k, 3 M, 4 G.
    case prefixed
    /// 3e-4.
    case scientific
  }

  package var label: String
  package var scale: Scale
  package var format: Format
  /// The range shown; nil takes that of the data, with some room.
  package var range: ClosedRange<Double>?

  package init(
    _ label: String, scale: Scale = .linear, format: Format = .plain,
    range: ClosedRange<Double>? = nil
  ) {
    self.label = label
    self.scale = scale
    self.format = format
    self.range = range
  }

  /// A tick: its value and its text.
  package struct Tick: Equatable, Sendable {
    package let value: Double
    package let text: String
  }

  /// The axis over `values`, `pixels` long, with a share of `room` left free at both ends.
  package func fitted(_ values: [Double], room: Double = 0.05) -> ClosedRange<Double> {
    if let range { return range }
    let usable = values.filter { $0.isFinite && (scale == .linear || $0 > 0) }
    guard var low = usable.min(), var high = usable.max() else {
      return scale == .log ? 1...10 : 0...1
    }
    if scale == .log {
      if high <= low * 1.05 { return low / 2...high * 2 }
      let extra = pow(high / low, room)
      return low / extra...high * extra
    }
    if high - low <= abs(high) * 1e-9 {
      let extra = max(abs(high) * 0.1, 1e-3)
      return low - extra...high + extra
    }
    let extra = (high - low) * room
    (low, high) = (low >= 0 && low - extra < 0 ? 0 : low - extra, high + extra)
    return low...high
  }

  /// Where `value` stands between the ends of `range`, 0 to 1.
  func position(_ value: Double, in range: ClosedRange<Double>) -> Double {
    switch scale {
    case .linear: (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    case .log:
      value > 0
        ? Foundation.log(value / range.lowerBound)
          / Foundation.log(range.upperBound / range.lowerBound) : .nan
    }
  }

  /// Round values inside `range`, about `count` of them.
  package func ticks(in range: ClosedRange<Double>, count: Int) -> [Tick] {
    scale == .log ? logTicks(range, count) : linearTicks(range, count)
  }

  private func linearTicks(_ range: ClosedRange<Double>, _ count: Int) -> [Tick] {
    let step = Self.niceStep((range.upperBound - range.lowerBound) / Double(max(count, 1)))
    let first = Int((range.lowerBound / step - 1e-9).rounded(.up))
    let last = Int((range.upperBound / step + 1e-9).rounded(.down))
    guard first <= last else { return [] }
    return (first...last).map {
      let value = Double($0) * step
      return Tick(value: value, text: text(value, step: step))
    }
  }

  private func logTicks(_ range: ClosedRange<Double>, _ count: Int) -> [Tick] {
    let decades = log10(range.upperBound / range.lowerBound)
    let stride = max(1, Int((decades / Double(max(count, 1))).rounded(.up)))
    let choices: [[Double]] = [[1], [1, 3], [1, 2, 5], [1, 2, 3, 4, 5, 6, 8]]
    let first = Int(log10(range.lowerBound).rounded(.down))
    let last = Int(log10(range.upperBound).rounded(.up))
    var best: [Double] = []
    for factors in stride > 1 ? [[1]] : choices {
      let values = Swift.stride(from: first, through: last, by: stride).flatMap { exponent in
        factors.map { $0 * pow(10, Double(exponent)) }
      }.filter { $0 >= range.lowerBound * 0.999 && $0 <= range.upperBound * 1.001 }
      if best.isEmpty || values.count <= count { best = values }
    }
    // Less than a step of the finest choice: round values as on a linear axis do.
    if best.count < 2 { return linearTicks(range, count) }
    return best.map { Tick(value: $0, text: text($0, step: $0)) }
  }

  /// 1, 2 or 5 times a power of ten, not below `rough`.
  static func niceStep(_ rough: Double) -> Double {
    guard rough > 0, rough.isFinite else { return 1 }
    let power = pow(10, log10(rough).rounded(.down))
    for factor in [1.0, 2, 5] where factor * power >= rough * 0.999 { return factor * power }
    return 10 * power
  }

  /// `value` as a tick text when neighbours are `step` apart.
  package func text(_ value: Double, step: Double) -> String {
    switch format {
    case .plain: return Self.decimal(value, step: step)
    case .percent: return Self.decimal(value * 100, step: step * 100) + " %"
    case .prefixed: return Self.prefixed(value, step: step)
    case .scientific:
      if value == 0 { return "0" }
      let exponent = Int(log10(abs(value)).rounded(.down))
      let mantissa = value / pow(10, Double(exponent))
      return Self.decimal(mantissa, step: max(step / pow(10, Double(exponent)), 0.1))
        + "e\(exponent)"
    }
  }

  private static func decimal(_ value: Double, step: Double) -> String {
    let digits = min(max(0, Int((-log10(step) - 1e-9).rounded(.up))), 8)
    if digits == 0, abs(value) < 1e15 { return ProgressLine.grouped(Int(value.rounded())) }
    let text = String(format: "%.\(digits)f", value)
    return Double(text) == 0 ? "0" : text
  }

  /// Three digits with k, M, G, T: 950, 1.25 k, 13.1 M.
  package static func prefixed(_ value: Double, step: Double? = nil) -> String {
    let units: [(Double, String)] = [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")]
    for (size, unit) in units where abs(value) >= size * 0.9995 {
      let scaled = value / size
      let step = step.map { $0 / size } ?? (scaled < 10 ? 0.01 : scaled < 100 ? 0.1 : 1)
      return decimal(scaled, step: step) + unit
    }
    return decimal(value, step: step ?? (value == value.rounded() ? 1 : 0.01))
  }
}
