import Runtime
import Tensor

/// The bulk-switching rule: devices are programmed only past a threshold (arXiv 2305.14547).
///
/// What the optimiser puts out adds up in digital memory until it passes the threshold; then the device
/// gets a new target.
/// The digital belief W follows the targets and is never read back from the array: what a device misses
/// its target by stays.
public struct ThresholdProgrammer: Codable, Hashable, Sendable {
  /// θ.
  public let threshold: Float
  /// The digital belief: the targets of all devices.
  public private(set) var belief: [Float]
  /// ΔW: updates since a device was last programmed.
  public private(set) var pending: [Float]
  /// How often each device was programmed.
  public private(set) var writes: [Int32]
  /// The largest magnitude of a target; nil for any.
  public let limit: Float?
  /// What targets are rounded to; nil for any value.
  public let level: Float?

  /// Devices that have these weights; what is pending and how often each was written before are those of
  /// a training that goes on, nothing where none are given.
  public init(
    weights: [Float], threshold: Float, limit: Float? = nil, level: Float? = nil,
    pending: [Float]? = nil, writes: [Int32]? = nil
  ) {
    require(threshold > 0, "ThresholdProgrammer: threshold \(threshold)")
    self.threshold = threshold
    self.limit = limit
    self.level = level
    belief = weights
    self.pending = pending ?? [Float](repeating: 0, count: weights.count)
    self.writes = writes ?? [Int32](repeating: 0, count: weights.count)
    require(
      self.pending.count == weights.count && self.writes.count == weights.count,
      "ThresholdProgrammer: \(self.pending.count) pending, \(self.writes.count) writes for "
        + "\(weights.count) devices")
  }

  /// Adds the optimiser's output.
  ///
  /// - Returns: The devices to program, by index; their targets are in `belief`.
  public mutating func update(_ change: [Float]) -> [Int] {
    require(
      change.count == belief.count,
      "ThresholdProgrammer: \(change.count) changes for \(belief.count) devices")
    var programmed: [Int] = []
    for index in change.indices {
      pending[index] += change[index]
      guard abs(pending[index]) >= threshold else { continue }
      belief[index] = target(belief[index] + pending[index])
      pending[index] = 0
      writes[index] += 1
      programmed.append(index)
    }
    return programmed
  }

  /// Writes every change at once and keeps none: what mixed precision is held against.
  ///
  /// - Returns: The devices to program, by index.
  public mutating func rewrite(_ change: [Float]) -> [Int] {
    let programmed = change.indices.filter { change[$0] != 0 }
    for index in programmed {
      belief[index] = target(belief[index] + change[index])
      writes[index] += 1
    }
    return programmed
  }

  private func target(_ weight: Float) -> Float {
    var weight = weight
    if let level { weight = (weight / level).rounded() * level }
    if let limit { weight = min(max(weight, -limit), limit) }
    return weight
  }
}
