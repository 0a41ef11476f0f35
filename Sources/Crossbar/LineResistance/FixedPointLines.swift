import Foundation
import Runtime

/// The fixed-point iteration of CrossSim: voltage drops along lines follow from the currents, and these from the
/// voltages that are left.
///
/// dV = V; then again and again I = G·dV, the drops are sums of R·I along both lines, and dV moves by γ towards
/// V − drops. Where that does not settle, γ shrinks by 2 % and it begins anew. Costs rows·columns a step and driver,
/// and takes the more steps the larger the drops are; it settles only while they are small beside the voltages.
public struct FixedPointLines: Sendable {
  /// Largest change of a device's voltage, in volts at drives of one volt, at which it is settled.
  public var tolerance: Double
  /// Steps at most before γ shrinks.
  public var steps: Int

  /// - Parameter tolerance: CrossSim stops at 1e-3.
  public init(tolerance: Double = 1e-9, steps: Int = 200) {
    self.tolerance = tolerance
    self.steps = steps
  }

  /// The matrix from driver voltages to column currents, `[rows, columns]`, siemens.
  ///
  /// The network is linear, so it is known by what each driver does alone.
  ///
  /// - Throws: `KirchhoffError(.numerical)` where it does not settle, with how far it was.
  public func effectiveConductance(
    of siemens: [Double], rows: Int, columns: Int, lines: LineResistance
  ) throws -> [Double] {
    var result = [Double](repeating: 0, count: rows * columns)
    var residuals = [Double](repeating: 0, count: rows)
    result.withUnsafeMutableBufferPointer { result in
      residuals.withUnsafeMutableBufferPointer { residuals in
        nonisolated(unsafe) let (result, residuals) = (result, residuals)
        parallelFor(rows) { driver in
          var volts = [Double](repeating: 0, count: rows)
          volts[driver] = 1
          let found = currents(
            siemens, rows: rows, columns: columns, lines: lines, volts: volts)
          for column in 0..<columns { result[driver * columns + column] = found.amperes[column] }
          residuals[driver] = found.residual
        }
      }
    }
    if let worst = residuals.max(), !(worst <= tolerance) {
      throw KirchhoffError(
        .numerical, subject: "lines", place: "fixed point", found: "a residual of \(worst) V",
        expected: "\(tolerance) V or less",
        hint: "the drops along the lines are too large for this method; take method: exact")
    }
    return result
  }

  /// The currents out of the columns for voltages at the drivers, and the last change of a device's voltage.
  func currents(
    _ siemens: [Double], rows: Int, columns: Int, lines: LineResistance, volts: [Double]
  ) -> (amperes: [Double], residual: Double) {
    var step = 1.0
    var last = Double.infinity
    while step > 0.01 {
      let (amperes, residual) = iterate(
        siemens, rows: rows, columns: columns, lines: lines, volts: volts, step: step)
      if residual <= tolerance { return (amperes, residual) }
      last = residual
      step *= 0.98
      // A step that leads astray is cut down faster than by 2 % while it leads far astray.
      if !(residual < 1e3) { step *= 0.8 }
    }
    return ([Double](repeating: .nan, count: columns), last)
  }

  private func iterate(
    _ siemens: [Double], rows: Int, columns: Int, lines: LineResistance, volts: [Double],
    step: Double
  ) -> (amperes: [Double], residual: Double) {
    var across = [Double](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      for column in 0..<columns { across[row * columns + column] = volts[row] }
    }
    var amperes = across
    var drops = across
    var below = [Double](repeating: 0, count: columns)
    var potential = below
    var residual = Double.infinity
    for _ in 0..<steps {
      for column in 0..<columns { below[column] = 0 }
      for row in 0..<rows {
        // What passes a segment is the sum of the currents behind it.
        var behind = 0.0
        for column in (0..<columns).reversed() {
          let index = row * columns + column
          amperes[index] = siemens[index] * across[index]
          behind += amperes[index]
          drops[index] = behind
          below[column] += amperes[index]
        }
        var drop = lines.driverOhms * behind
        for column in 0..<columns {
          let index = row * columns + column
          if column > 0 { drop += lines.wordLineOhms * drops[index] }
          drops[index] = drop
        }
      }
      for column in 0..<columns { potential[column] = lines.senseOhms * below[column] }
      var largest = 0.0
      for row in (0..<rows).reversed() {
        for column in 0..<columns {
          let index = row * columns + column
          let change = volts[row] - drops[index] - potential[column] - across[index]
          largest = max(largest, abs(change))
          across[index] += step * change
          // The segment above carries what the rows above it give.
          below[column] -= amperes[index]
          potential[column] += lines.bitLineOhms * below[column]
        }
      }
      residual = largest
      if !(residual > tolerance) || !(residual < 1e6) { break }
    }
    var out = [Double](repeating: 0, count: columns)
    for row in 0..<rows {
      for column in 0..<columns {
        out[column] += siemens[row * columns + column] * across[row * columns + column]
      }
    }
    return (out, residual.isNaN ? .infinity : residual)
  }
}
