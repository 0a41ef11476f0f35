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
    let largestError = d.reduce(0) { max($0, abs($1)) }
    let largestInput = x.reduce(0) { max($0, abs($1)) }
    let needed = rate * largestInput * largestError / step
    guard needed > 0 else {
      return Trains(
        length: 0, errorProbabilities: d.map { _ in 0 }, inputProbabilities: x.map { _ in 0 })
    }
    // A whole number of slots that rounding has pushed a little up stays that number.
    let length = isManaged ? min(Int((needed - 1e-4).rounded(.up)), longestTrain) : longestTrain
    let slots = Float(max(length, 1))
    var errorFactor = (rate / (step * slots)).squareRoot()
    var inputFactor = errorFactor
    if isManaged {
      let clipped = max(needed / Float(longestTrain), 1)
      let ratio = (largestInput / (largestError * clipped)).squareRoot()
      errorFactor *= ratio
      inputFactor /= ratio
    }
    return Trains(
      length: max(length, 1), errorProbabilities: d.map { min(errorFactor * abs($0), 1) },
      inputProbabilities: x.map { min(inputFactor * abs($0), 1) })
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
  func forEachCoincidence(
    _ d: [Float], _ x: [Float], rate: Float, stream: RandomStream,
    _ body: (Int, Int, Int32) -> Void
  ) {
    let trains = trains(d, x, rate: rate)
    require(trains.length <= 64, "StochasticUpdate: a train of \(trains.length) slots")
    let rows = Self.pulses(
      trains.errorProbabilities, trains.length, stream.derived("outputs"))
    let columns = Self.pulses(trains.inputProbabilities, trains.length, stream.derived("inputs"))
    for row in rows {
      for column in columns {
        let count = Int32((row.slots & column.slots).nonzeroBitCount)
        guard count > 0 else { continue }
        body(row.line, column.line, (d[row.line] < 0) == (x[column.line] < 0) ? count : -count)
      }
    }
  }

  /// The pulses of a line, a bit a slot.
  private struct Train {
    var line: Int
    var slots: UInt64
  }

  /// The trains of all lines that send any pulse.
  private static func pulses(
    _ probabilities: [Float], _ length: Int, _ stream: RandomStream
  ) -> [Train] {
    guard length > 0 else { return [] }
    let lines = probabilities.count
    var draws = [Float](repeating: 0, count: lines * length)
    kk_random_uniform(&draws, 0, 1, stream.seed, stream.stream, 0, draws.count)
    return probabilities.indices.compactMap { line in
      let probability = probabilities[line]
      guard probability > 0 else { return nil }
      var slots: UInt64 = 0
      for slot in 0..<length where draws[slot * lines + line] < probability {
        slots |= 1 << UInt64(slot)
      }
      return slots == 0 ? nil : Train(line: line, slots: slots)
    }
  }
}
