import Crossbar
import Runtime

/// What decides which devices of a layer are written: the digital side of its weights.
enum WeightProgrammer {
  case threshold(ThresholdProgrammer)
  case binary(BinaryProgrammer)

  /// The digital belief.
  var belief: [Float] {
    switch self {
    case .threshold(let programmer): programmer.belief
    case .binary(let programmer): programmer.belief
    }
  }

  /// What waits for a decision.
  var pending: [Float] {
    switch self {
    case .threshold(let programmer): programmer.pending
    case .binary(let programmer): programmer.pending
    }
  }

  /// How often each weight was written.
  var writes: [Int32] {
    switch self {
    case .threshold(let programmer): programmer.writes
    case .binary(let programmer): programmer.writes
    }
  }

  /// Takes in what the optimiser put out; returns the weights to write, by index.
  ///
  /// - Parameters:
  ///   - rate: The learning rate over that of the beginning.
  ///   - stream: Chance of this update.
  mutating func update(
    _ change: [Float], _ rule: WriteRule, rate: Float, stream: RandomStream
  ) -> [Int] {
    switch self {
    case .threshold(var programmer):
      defer { self = .threshold(programmer) }
      return rule == .naive ? programmer.rewrite(change) : programmer.update(change)
    case .binary(var programmer):
      defer { self = .binary(programmer) }
      return programmer.update(change, rate: rate, stream: stream)
    }
  }
}
