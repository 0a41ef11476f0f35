import Tensor

/// A way to train weights where they are: pulses change devices, and nothing else knows the weights.
///
/// Errors point downhill: `d` is what outputs should change by, so that the wanted change of the weights is
/// rate·d·xᵀ.
public protocol InMemoryUpdate: Codable, Sendable {
  /// The weights that vectors are multiplied with, `[outputs, inputs]`.
  var weights: [Float] { get }
  /// Its arrays.
  var arrays: [PulsedArray] { get }
  /// The learning rate over that of the beginning, 1 at first.
  var schedule: Float { get set }
  /// What training has changed; set, an update of the same chips and constants goes on bit for bit.
  var state: InMemoryState { get set }

  /// Takes in one pair of vectors.
  ///
  /// - Parameters:
  ///   - d: `[outputs]`.
  ///   - x: `[inputs]`.
  mutating func update(_ d: [Float], _ x: [Float])

  /// Takes in the pairs of one training step.
  ///
  /// - Parameters:
  ///   - d: `[pairs, outputs]`.
  ///   - x: `[pairs, inputs]`.
  mutating func update(step d: Tensor, _ x: Tensor)
}

/// What training has changed of an update in memory: numbers only, so that checkpoints keep it as tensors.
public struct InMemoryState: Hashable, Sendable {
  /// Of its arrays, in order.
  public var arrays: [PulsedArray.State]
  /// What it keeps in digital memory.
  public var memory: [Float]
  /// Pairs so far.
  public var pairs: Int

  /// A state.
  public init(arrays: [PulsedArray.State], memory: [Float] = [], pairs: Int = 0) {
    self.arrays = arrays
    self.memory = memory
    self.pairs = pairs
  }
}

extension InMemoryUpdate {
  /// One pair after another.
  public mutating func update(step d: Tensor, _ x: Tensor) {
    let (d, x) = (d.contiguous(), x.contiguous())
    let (outputs, inputs) = (d.shape[1], x.shape[1])
    let (errors, values) = (d.pointer, x.pointer)
    for pair in 0..<d.shape[0] {
      update(
        Array(UnsafeBufferPointer(start: errors + pair * outputs, count: outputs)),
        Array(UnsafeBufferPointer(start: values + pair * inputs, count: inputs)))
    }
  }

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
  /// The learning rate over that of the beginning.
  public var schedule: Float = 1

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
    array.update(d, x, rate: rate * schedule, trains)
  }

  /// The array's.
  public var state: InMemoryState {
    get { InMemoryState(arrays: [array.state]) }
    set { array.state = newValue.arrays[0] }
  }
}

/// Mixed precision: updates add up in digital memory, and whole steps are sent as blind pulses (`ChiAccumulator`).
public struct MixedPrecisionUpdate: InMemoryUpdate {
  private var array: PulsedArray
  private var accumulator: ChiAccumulator
  /// The rate.
  public let rate: Float
  /// The learning rate over that of the beginning.
  public var schedule: Float = 1

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
    accumulator.accumulate(d, x, rate: rate * schedule)
    array.pulse(accumulator.transfer())
  }

  /// χ += rate·Σ d·xᵀ over the pairs, then W ⊕ trunc(χ/ε): one transfer a step, as aihwkit has it.
  public mutating func update(step d: Tensor, _ x: Tensor) {
    accumulator.accumulate(d, x, rate: rate * schedule)
    var all: [PulsedArray.Pulses] = []
    accumulator.forEachTransfer { all.append(PulsedArray.Pulses(index: $0, count: $1)) }
    array.pulse(all)
  }

  /// The array's, and χ.
  public var state: InMemoryState {
    get { InMemoryState(arrays: [array.state], memory: accumulator.chi) }
    set {
      array.state = newValue.arrays[0]
      accumulator.restore(newValue.memory)
    }
  }
}
