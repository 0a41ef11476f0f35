import CKernels
import Runtime
import Tensor

/// The stochastic pulsed update of crossbars: rows and columns send random pulse trains, and a device
/// steps where two coincide (Gokmen & Vlasov 2016; parameters as aihwkit chooses them).
///
/// The expected change is rate·d·xᵀ wherever no probability is clipped; counts are binomial.
public struct StochasticUpdate: Codable, Hashable, Sendable {
  /// The weight that one coincidence changes, on average.
  public var step: Float
  /// The longest pulse train.
  public var longestTrain: Int
  /// Whether trains and probabilities are fitted to the vectors.
  public var isManaged: Bool

  /// The published settings: trains of 31 pulses at most, managed.
  public init(step: Float, longestTrain: Int = 31, isManaged: Bool = true) {
    self.step = step
    self.longestTrain = longestTrain
    self.isManaged = isManaged
  }

  /// The pulse trains of one pair of vectors.
  public struct Trains: Hashable, Sendable {
    /// Slots.
    public var length: Int
    /// The probability of a pulse in a slot, for each output.
    public var errorProbabilities: [Float]
    /// The probability of a pulse in a slot, for each input.
    public var inputProbabilities: [Float]
  }

  /// How `d` of the outputs and `x` of the inputs become trains.
  public func trains(_ d: [Float], _ x: [Float], rate: Float) -> Trains {
    let factors = factors(d, x, rate: rate)
    return Trains(
      length: factors.length, errorProbabilities: d.map { min(factors.errors * abs($0), 1) },
      inputProbabilities: x.map { min(factors.inputs * abs($0), 1) })
  }

  /// Slots of the trains of a pair, and what its numbers are multiplied by to give probabilities; no slots where
  /// nothing is to change.
  private func factors(
    _ d: [Float], _ x: [Float], rate: Float
  ) -> (length: Int, errors: Float, inputs: Float) {
    let largestError = d.reduce(0) { max($0, abs($1)) }
    let largestInput = x.reduce(0) { max($0, abs($1)) }
    let needed = rate * largestInput * largestError / step
    guard needed > 0 else { return (0, 0, 0) }
    // A whole number of slots that rounding has pushed a little up stays that number.
    let length = max(
      isManaged ? min(Int((needed - 1e-4).rounded(.up)), longestTrain) : longestTrain, 1)
    let factor = (rate / (step * Float(length))).squareRoot()
    guard isManaged else { return (length, factor, factor) }
    let clipped = max(needed / Float(longestTrain), 1)
    let ratio = (largestInput / (largestError * clipped)).squareRoot()
    return (length, factor * ratio, factor / ratio)
  }

  /// The coincidences of one pair of vectors.
  ///
  /// - Parameter stream: Where the pulses come from: a stream of this update alone.
  /// - Returns: Steps of each device, `[outputs, inputs]`, their sign that of d·x.
  public func counts(
    _ d: [Float], _ x: [Float], rate: Float, stream: RandomStream
  ) -> [Int32] {
    var counts = [Int32](repeating: 0, count: d.count * x.count)
    forEachCoincidence(d, x, rate: rate, stream: stream) { counts[$0 * x.count + $1] = $2 }
    return counts
  }

  /// Calls `body` with output, input and signed steps of every device that two trains meet at, row by row.
  @inline(__always)
  func forEachCoincidence(
    _ d: [Float], _ x: [Float], rate: Float, stream: RandomStream,
    _ body: (Int, Int, Int32) -> Void
  ) {
    let (length, errorFactor, inputFactor) = factors(d, x, rate: rate)
    guard length > 0 else { return }
    require(length <= 64, "StochasticUpdate: a train of \(length) slots")
    let rows = Self.pulses(d, errorFactor, length, stream.derived(Self.outputTag))
    let columns = Self.pulses(x, inputFactor, length, stream.derived(Self.inputTag))
    for row in rows {
      for column in columns {
        let count = Int32((row.slots & column.slots).nonzeroBitCount)
        guard count > 0 else { continue }
        body(row.line, column.line, row.isNegative == column.isNegative ? count : -count)
      }
    }
  }

  // Streams of the two sides of an update, by number: it happens for every pair of vectors.
  private static let outputTag: UInt64 = 1
  private static let inputTag: UInt64 = 2

  /// The pulses of a line, a bit a slot.
  private struct Train {
    var line: Int
    var slots: UInt64
    var isNegative: Bool
  }

  /// The trains of all lines that send any pulse; one of `values` sends with probability min(factor·|value|, 1) in
  /// each slot.
  private static func pulses(
    _ values: [Float], _ factor: Float, _ length: Int, _ stream: RandomStream
  ) -> [Train] {
    let lines = values.count
    var trains: [Train] = []
    trains.reserveCapacity(lines)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: lines * length) { draws in
      kk_random_uniform(
        draws.baseAddress, 0, 1, stream.seed, stream.stream, 0, lines * length)
      for line in 0..<lines where values[line] != 0 {
        let probability = factor * abs(values[line])
        var slots: UInt64 = 0
        for slot in 0..<length where draws[slot * lines + line] < probability {
          slots |= 1 << UInt64(slot)
        }
        if slots != 0 {
          trains.append(Train(line: line, slots: slots, isNegative: values[line] < 0))
        }
      }
    }
    return trains
  }
}
