import Autodiff
import Crossbar
import Runtime
import Tensor

/// A layer whose weights are in arrays and are trained there: a convolution, or, with a kernel of 1, a
/// linear layer.
///
/// y = Σ over arrays of s · ADC(x · W) + b: the matrix is cut over arrays (`ArrayCut`), every array has
/// a trainable scale, and bias and activation are digital. Backward, the digital belief stands for the
/// weights, and converters pass gradients straight through (arXiv 2305.14547). Where weights are trained in
/// memory nobody has a belief of them, and errors go back through the arrays themselves.
public final class TrainedArrays {
  /// What errors and tables call it.
  public let name: String
  /// Taps along each side of a kernel.
  public let kernel: Int
  /// Zeros around an image.
  public let padding: Int
  /// Weights.
  public var weights: Int { weight.shape.count }
  /// Arrays in use; none without devices.
  public var arrays: Int {
    tiles?.arrayCount ?? (rule.writesDevices ? rowCut.count * columnCut.count : 0)
  }
  /// How often each weight was programmed, or the pulses that it has had; empty without devices.
  public var writes: [Int32] { tiles?.pulsesOfWeights ?? programmer?.writes ?? [] }

  let settings: TrainedArraySettings
  let weight: Parameter
  /// `[arrays]`, those of the same inputs together.
  let scale: Parameter
  let bias: Parameter
  /// What inputs reach up to; nil where it is not learned.
  let inputRange: Parameter?
  /// The inputs of each array.
  let rowCut: [Range<Int>]
  /// The outputs of each array.
  let columnCut: [Range<Int>]
  let random: RandomStream
  /// What reads give on average, `[outputs, inputs]`.
  private(set) var programmed: Tensor
  /// The variance of a read; nil where reads are exact.
  private(set) var variance: Tensor?
  /// The largest weight that a pair of devices holds.
  private(set) var limit: Float = 0
  /// Writes of all devices, trials among them.
  public var pulses: Int { tiles?.pulses ?? programmingPulses }
  private var programmingPulses = 0
  /// The arrays of weights that are trained in memory; nil for others.
  var tiles: PulsedTiles?
  private var programmer: WeightProgrammer?
  private var pairs: DevicePairs

  var rule: WriteRule { settings.rule }

  /// Declares the parameters of a layer in `store`.
  ///
  /// - Parameter random: The draws of this layer's devices and reads.
  /// - Throws: `KirchhoffError` when an array is too small for a kernel or a weight, or for hardware
  ///   that cannot be trained on.
  public init(
    _ name: String, kernel: Int = 1, padding: Int = 0, inputs: Int, outputs: Int,
    in store: ParameterStore, settings: TrainedArraySettings, random: RandomStream
  ) throws {
    self.name = name
    self.kernel = kernel
    self.padding = padding
    self.settings = settings
    self.random = random.derived(name)
    if settings.rule != .digital { try settings.check() }
    let taps = kernel * kernel
    let size = taps * inputs
    // The deviation of PyTorch's first weights: uniform within one over the root of the inputs.
    weight = store.declare(
      "\(name).weight", shape: [outputs, size],
      initializer: .gaussian(standardDeviation: 1 / Float(3 * size).squareRoot()), decays: true)
    if settings.rule == .digital {
      (rowCut, columnCut) = ([0..<size], [0..<outputs])
    } else {
      let hardware = settings.hardware
      let cut = ArrayCut(rows: hardware.rows, columns: hardware.columns)
      rowCut = try cut.rows(of: inputs, taps: taps, name: name)
      columnCut = try cut.columns(
        of: outputs, each: hardware.encoding.devicesPerWeight, name: name)
    }
    scale = store.declare(
      "\(name).scale", shape: [rowCut.count * columnCut.count], initializer: .constant(1),
      decays: false)
    bias = store.declare(
      "\(name).bias", shape: [outputs], initializer: .constant(0), decays: false)
    inputRange =
      settings.inputRange == .learned && settings.rule != .digital
      ? store.declare(
        "\(name).inputRange", shape: [1], initializer: .constant(0), decays: false) : nil
    programmed = Tensor(shape: [outputs, size])
    pairs = try DevicePairs(settings.hardware, chip: self.random)
  }

  /// Programs the first weights, once the store has its values.
  ///
  /// - Throws: `KirchhoffError` for an unknown pulsed device.
  public func begin(_ store: ParameterStore) throws {
    guard rule != .digital else { return }
    let first = store.value(weight).floats
    if let rule = rule.binary { return begin(rule, first, store) }
    limit = settings.range * (first.map(abs).max() ?? 1)
    if let rule = rule.inMemory {
      tiles = try PulsedTiles(
        rule, settings.inMemory, first: store.value(weight), limit: limit,
        rate: settings.learningRate, rowCut: rowCut, columnCut: columnCut, random: random)
      return read(store)
    }
    var beliefs = first.map { min(max($0, -limit), limit) }
    guard rule.writesDevices else { return round(first) }
    if let step = snapStep { beliefs = beliefs.map { ($0 / step).rounded() * step } }
    programmer = .threshold(
      ThresholdProgrammer(
        weights: beliefs, threshold: threshold, limit: limit, level: snapStep))
    store.set(weight, to: Tensor(beliefs, shape: weight.shape))
    program(Array(beliefs.indices))
  }

  /// Weights ±s: with s² = 2 over the inputs, ReLU leaves activations their size.
  private func begin(_ rule: BinaryProgrammer.Rule, _ first: [Float], _ store: ParameterStore) {
    limit = (2 / Float(weight.shape[1])).squareRoot()
    let binary = BinaryProgrammer(rule, first: first, size: limit, threshold: threshold)
    programmer = .binary(binary)
    store.set(weight, to: Tensor(binary.belief, shape: weight.shape))
    program(Array(first.indices))
  }

  /// Follows the optimiser, which has just changed the weights in `store`: programs devices and puts
  /// the digital belief back.
  ///
  /// - Parameters:
  ///   - step: The training step, which decides chance.
  ///   - rate: The learning rate over that of the beginning.
  public func follow(_ store: ParameterStore, step: Int, rate: Float = 1) {
    if tiles != nil {
      tiles?.update(schedule: rate)
      return read(store)
    }
    let wanted = store.value(weight).floats
    guard var programmer else { return round(wanted) }
    let change = zip(wanted, programmer.belief).map { $0 - $1 }
    let moved = programmer.update(
      change, rule, rate: rate, stream: random.derived("toggles").derived(UInt64(step)))
    self.programmer = programmer
    store.set(weight, to: Tensor(programmer.belief, shape: weight.shape))
    program(moved)
  }

  /// Programs weights that were trained elsewhere, each once and unrounded.
  ///
  /// - Parameters:
  ///   - weights: `[outputs, inputs]`.
  ///   - limit: The largest weight that a pair of devices holds; nil: the largest of them.
  ///   - chip: The draws of the devices.
  /// - Throws: `KirchhoffError` for an unknown device.
  func transfer(
    _ weights: [Float], limit: Float?, to chip: RandomStream, _ store: ParameterStore
  ) throws {
    store.set(weight, to: Tensor(weights, shape: weight.shape))
    guard rule != .digital else { return }
    self.limit = limit ?? max(weights.reduce(0) { max($0, abs($1)) }, .leastNormalMagnitude)
    pairs = try DevicePairs(settings.hardware, chip: chip.derived(name))
    tiles = nil
    programmer = .threshold(ThresholdProgrammer(weights: weights, threshold: threshold))
    variance = nil
    program(Array(weights.indices))
  }

  /// Takes the weights from the arrays that train them.
  private func read(_ store: ParameterStore) {
    guard let tiles else { return }
    tiles.read(into: programmed)
    store.set(weight, to: programmed)
  }

  /// Weights as devices without any error would have them.
  private func round(_ weights: [Float]) {
    guard rule == .quantisationAware else { return }
    for (index, weight) in weights.enumerated() {
      let value = min(max(weight, -limit), limit)
      programmed.pointer[index] = snapStep.map { (value / $0).rounded() * $0 } ?? value
    }
  }

  /// What targets are rounded to; nil for any.
  private var snapStep: Float? { settings.snaps ? settings.level.map { $0 * limit } : nil }

  private var threshold: Float { (settings.threshold ?? settings.level ?? 1.0 / 15) * limit }

  private func program(_ indices: [Int]) {
    guard let programmer else { return }
    let variance = self.variance ?? Tensor(shape: weight.shape)
    var isNoisy = self.variance != nil
    for index in indices {
      let pair = pairs.programmed(
        programmer.belief[index] / limit, at: index, write: programmer.writes[index])
      programmed.pointer[index] = pair.weight * limit
      variance.pointer[index] = pair.variance * limit * limit
      isNoisy = isNoisy || pair.variance > 0
      programmingPulses += Int(pair.pulses)
    }
    self.variance = isNoisy ? variance : nil
  }
}

extension TrainedArrays {
  /// What an exact resume needs beside the store: flat tensors by name.
  package var state: [(name: String, values: Tensor)] {
    guard rule != .digital else { return [] }
    let limit = ("\(name).limit", Tensor([self.limit], shape: [1]))
    if let tiles {
      return [limit]
        + tiles.state.map { ("\(name).\($0.name)", Tensor($0.values, shape: [$0.values.count])) }
    }
    guard let programmer else { return [limit] }
    var state = [
      limit,
      ("\(name).pulses", Tensor(ExactCount.floats([pulses]), shape: [2])),
      ("\(name).pending", Tensor(programmer.pending, shape: [weights])),
      ("\(name).writes", Tensor(programmer.writes.map(Float.init), shape: [weights])),
      ("\(name).programmed", programmed.reshaped([weights])),
    ]
    if let variance { state.append(("\(name).variance", variance.reshaped([weights]))) }
    return state
  }

  /// Restores what `state` gave, once `store` has its values.
  package func restore(_ state: [String: [Float]], _ store: ParameterStore) throws {
    guard rule != .digital else { return }
    func values(_ part: String, _ count: Int) throws -> [Float] {
      let found = state["\(name).\(part)"]
      guard let found, found.count == count else {
        throw KirchhoffError(
          .checkpoint, subject: "checkpoint", place: "\(name).\(part)",
          found: found.map { "\($0.count) values" } ?? "nothing", expected: "\(count) values")
      }
      return found
    }
    limit = try values("limit", 1)[0]
    if tiles != nil {
      try tiles?.restore(values)
      return read(store)
    }
    guard rule.writesDevices else { return round(store.value(weight).floats) }
    let pending = try values("pending", weights)
    let writes = try values("writes", weights).map { Int32($0) }
    let belief = store.value(weight).floats
    if let rule = rule.binary {
      programmer = .binary(
        BinaryProgrammer(
          rule, size: limit, threshold: threshold, belief: belief, pending: pending,
          writes: writes))
    } else {
      programmer = .threshold(
        ThresholdProgrammer(
          weights: belief, threshold: threshold, limit: limit, level: snapStep, pending: pending,
          writes: writes))
    }
    programmingPulses = ExactCount.counts(try values("pulses", 2))[0]
    programmed = Tensor(try values("programmed", weights), shape: weight.shape)
    variance =
      state["\(name).variance"] == nil
      ? nil : Tensor(try values("variance", weights), shape: weight.shape)
  }
}
