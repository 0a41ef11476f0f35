import Runtime
import Tensor

/// Weights of two states, ±s, that are toggled by one of four rules (Krestinskaya & James, arXiv 1808.00737,
/// train such networks without saying how).
///
/// What the optimiser puts out is the change that a weight of any value would have had.
public struct BinaryProgrammer: Codable, Hashable, Sendable {
  /// When a weight is toggled.
  public enum Rule: String, Codable, Hashable, Sendable, CaseIterable {
    /// When the sign of a digital weight changes, which stays within ±s (BinaryConnect).
    case shadow
    /// When the changes since the last decision pass θ; then they are forgotten, whichever way they point.
    case threshold
    /// With probability |change|/2s when a change points to the other state, so that the mean change is right. No
    /// memory.
    case stochastic
    /// When a change is among a layer's largest and points to the other state: of a thousandth at first, of
    /// fewer as the learning rate falls. No memory.
    case top
  }

  /// When a weight is toggled.
  public let rule: Rule
  /// s.
  public let size: Float
  /// θ.
  public let threshold: Float
  /// ±s.
  public private(set) var belief: [Float]
  /// The digital weights, or the changes since the last decision; zeros where there is no memory.
  public private(set) var pending: [Float]
  /// How often each weight was toggled.
  public private(set) var writes: [Int32]

  /// Weights with the signs of `first`.
  ///
  /// - Parameters:
  ///   - first: First weights, of any size.
  ///   - size: s.
  ///   - threshold: θ.
  public init(_ rule: Rule, first: [Float], size: Float, threshold: Float) {
    require(size > 0 && threshold > 0, "BinaryProgrammer: size \(size), threshold \(threshold)")
    self.rule = rule
    self.size = size
    self.threshold = threshold
    belief = first.map { $0 < 0 ? -size : size }
    pending = first.map { rule == .shadow ? min(max($0, -size), size) : 0 }
    writes = [Int32](repeating: 0, count: first.count)
  }

  /// Weights of a training that goes on.
  public init(
    _ rule: Rule, size: Float, threshold: Float, belief: [Float], pending: [Float],
    writes: [Int32]
  ) {
    self.init(rule, first: belief, size: size, threshold: threshold)
    require(
      pending.count == belief.count && writes.count == belief.count,
      "BinaryProgrammer: \(pending.count) pending, \(writes.count) writes for \(belief.count)")
    self.pending = pending
    self.writes = writes
  }

  /// Takes in the optimiser's output.
  ///
  /// - Parameters:
  ///   - rate: The learning rate over that of the beginning.
  ///   - stream: Chance of this update.
  /// - Returns: The weights that were toggled, by index.
  public mutating func update(
    _ change: [Float], rate: Float = 1, stream: RandomStream
  ) -> [Int] {
    require(
      change.count == belief.count,
      "BinaryProgrammer: \(change.count) changes for \(belief.count) weights")
    let toggled: [Int]
    switch rule {
    case .shadow:
      for index in change.indices {
        pending[index] = min(max(pending[index] + change[index], -size), size)
      }
      toggled = change.indices.filter { pending[$0] * belief[$0] < 0 }
    case .threshold:
      var passed: [Int] = []
      for index in change.indices {
        pending[index] += change[index]
        guard abs(pending[index]) >= threshold else { continue }
        if pending[index] * belief[index] < 0 { passed.append(index) }
        pending[index] = 0
      }
      toggled = passed
    case .stochastic:
      toggled = change.indices.filter { index in
        change[index] * belief[index] < 0
          && stream.uniform(at: UInt64(index)) * 2 * size < abs(change[index])
      }
    case .top:
      let count = Int((rate * Float(change.count) / 1000).rounded(.up))
      toggled = Self.largest(change, count: count, stream: stream).filter {
        change[$0] * belief[$0] < 0
      }
    }
    for index in toggled {
      belief[index] = -belief[index]
      writes[index] += 1
    }
    return toggled
  }

  /// The `count` values of largest size, by index, zeros left out.
  ///
  /// Chance decides between values of one size: at small rates many are, and whole crowds would toggle at once.
  private static func largest(
    _ values: [Float], count: Int, stream: RandomStream
  ) -> [Int] {
    guard count > 0 else { return [] }
    let limit = values.map { abs($0) }.sorted(by: >)[min(count, values.count) - 1]
    let above = values.indices.filter { abs(values[$0]) > limit }
    guard limit > 0 else { return above }
    let equal = values.indices.filter { abs(values[$0]) == limit }
    let drawn = equal.map { (index: $0, draw: stream.uniform(at: UInt64($0))) }
      .sorted { ($0.draw, $0.index) < ($1.draw, $1.index) }
    return (above + drawn.prefix(count - above.count).map(\.index)).sorted()
  }
}
