/// A way to train weights where they are: pulses change devices, and nothing else knows the weights.
///
/// Errors point downhill: `d` is what outputs should change by, so that the wanted change of the weights is
/// rate·d·xᵀ.
public protocol InMemoryUpdate: Codable, Sendable {
  /// The weights that vectors are multiplied with, `[outputs, inputs]`.
  var weights: [Float] { get }
  /// Its arrays.
  var arrays: [PulsedArray] { get }

  /// Takes in one pair of vectors.
  ///
  /// - Parameters:
  ///   - d: `[outputs]`.
  ///   - x: `[inputs]`.
  mutating func update(_ d: [Float], _ x: [Float])
}

extension InMemoryUpdate {
  /// Pulses of all its devices.
  public var pulses: Int { arrays.reduce(0) { $0 + $1.totalPulses } }

  /// Pulses a device, on average over all its arrays.
  public var pulsesOfDevice: Double {
    Double(pulses) / Double(arrays.reduce(0) { $0 + $1.pulses.count })
  }

  /// Pulses of the device that had most.
  public var mostPulses: Int { Int(arrays.flatMap(\.pulses).max() ?? 0) }
}

/// Stochastic gradient descent with pulses on the weights themselves (Gokmen & Vlasov 2016).
public struct InMemoryDescent: InMemoryUpdate {
  private var array: PulsedArray
  private let trains: StochasticUpdate
  /// The rate.
  public let rate: Float

  /// Descent on an array.
  public init(_ array: PulsedArray, rate: Float, longestTrain: Int = 31) {
    self.array = array
    self.rate = rate
    trains = StochasticUpdate(step: array.device.step, longestTrain: longestTrain)
  }

  /// The array's.
  public var weights: [Float] { array.weights }
  /// The one array.
  public var arrays: [PulsedArray] { [array] }

  /// W ⊕ pulsed(rate·d·xᵀ).
  public mutating func update(_ d: [Float], _ x: [Float]) {
    array.update(d, x, rate: rate, trains)
  }
}

/// Mixed precision: updates add up in digital memory, and whole steps are sent as blind pulses (`ChiAccumulator`).
public struct MixedPrecisionUpdate: InMemoryUpdate {
  private var array: PulsedArray
  private var accumulator: ChiAccumulator
  /// The rate.
  public let rate: Float

  /// Mixed precision on an array; ε is the mean step of its devices.
  public init(_ array: PulsedArray, rate: Float) {
    self.array = array
    self.rate = rate
    accumulator = ChiAccumulator(
      outputs: array.outputs, inputs: array.inputs, granularity: array.device.step)
  }

  /// The array's.
  public var weights: [Float] { array.weights }
  /// The one array.
  public var arrays: [PulsedArray] { [array] }

  /// χ += rate·d·xᵀ, then W ⊕ trunc(χ/ε).
  public mutating func update(_ d: [Float], _ x: [Float]) {
    accumulator.accumulate(d, x, rate: rate)
    array.pulse(accumulator.transfer())
  }
}
