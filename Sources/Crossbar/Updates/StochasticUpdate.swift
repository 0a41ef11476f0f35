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
    let trains = trains(d, x, rate: rate)
    require(trains.length <= 64, "StochasticUpdate: a train of \(trains.length) slots")
    let errors = Self.pulses(
      trains.errorProbabilities, trains.length, stream.derived("outputs"))
    let inputs = Self.pulses(trains.inputProbabilities, trains.length, stream.derived("inputs"))
    return errors.enumerated().flatMap { i, row in
      inputs.enumerated().map { j, column in
        let count = Int32((row & column).nonzeroBitCount)
        return (d[i] < 0) == (x[j] < 0) ? count : -count
      }
    }
  }

  /// A train a line, a bit a slot.
  private static func pulses(
    _ probabilities: [Float], _ length: Int, _ stream: RandomStream
  ) -> [UInt64] {
    probabilities.enumerated().map { line, probability in
      (0..<length).reduce(UInt64(0)) { bits, slot in
        let isPulse = stream.uniform(at: UInt64(line * 64 + slot)) < probability
        return isPulse ? bits | 1 << UInt64(slot) : bits
      }
    }
  }
}
