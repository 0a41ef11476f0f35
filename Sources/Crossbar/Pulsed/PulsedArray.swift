import CKernels
import Foundation
import Runtime
import Tensor

/// An array of pulsed devices: weights `[outputs, inputs]` that only pulses change.
///
/// Every device has its own steps and bounds, drawn from the chip. Noise is a function of the chip, the number of
/// the update and the device, so the bits depend on nothing else.
public struct PulsedArray: Codable, Hashable, Sendable {
  /// What its devices are.
  public let device: PulsedDevice
  /// Rows.
  public let outputs: Int
  /// Columns.
  public let inputs: Int
  /// What is seen of the weights.
  public private(set) var weights: [Float]
  /// Pulses that each device has had.
  public private(set) var pulses: [Int32]
  /// The lowest weight of each device.
  public let lower: [Float]
  /// The highest weight of each device.
  public let upper: [Float]
  /// α⁺ of each device.
  public let stepUp: [Float]
  /// α⁻ of each device.
  public let stepDown: [Float]

  /// What the devices keep; where they have no write noise, their weights.
  private var kept: [Float]
  private var updates: UInt64 = 0
  private let stream: RandomStream
  private let trainStream: RandomStream

  /// Devices at weight 0.
  ///
  /// - Parameter chip: Decides devices and noise.
  public init(_ device: PulsedDevice, outputs: Int, inputs: Int, chip: RandomStream) {
    self.device = device
    self.outputs = outputs
    self.inputs = inputs
    stream = chip.derived("noise")
    trainStream = stream.derived("trains")
    let count = outputs * inputs
    func draws(_ name: String) -> [Float] {
      var values = [Float](repeating: 0, count: count)
      chip.derived(name).fillGaussian(&values, count: count)
      return values
    }
    let bounds = device.bounds
    upper = draws("upper").map {
      max(bounds.upperBound * (1 + device.upperVariation * $0), 0)
    }
    lower = draws("lower").map {
      min(bounds.lowerBound * (1 + device.lowerVariation * $0), 0)
    }
    let gammas = draws("step").map { draw in
      switch device.stepDistribution {
      case .normal: max(1 + device.stepVariation * draw, 0)
      case .logNormal: exp(device.stepVariation * draw)
      }
    }
    let rhos = draws("asymmetry").map { device.asymmetryVariation * $0 }
    let lacks = (up: min(device.asymmetry, 0), down: max(device.asymmetry, 0))
    stepUp = zip(gammas, rhos).map { device.step * max($0 + lacks.up + $1, 0) }
    stepDown = zip(gammas, rhos).map { device.step * max($0 - lacks.down - $1, 0) }
    kept = [Float](repeating: 0, count: count)
    weights = kept
    pulses = [Int32](repeating: 0, count: count)
  }

  /// Pulses of all devices.
  public var totalPulses: Int { pulses.reduce(0) { $0 + Int($1) } }

  /// Sets the weights as near as each device's bounds allow, without pulses: the state that a training begins
  /// with.
  public mutating func set(_ values: [Float]) {
    require(
      values.count == weights.count, "PulsedArray: \(values.count) of \(weights.count) weights")
    for index in values.indices {
      kept[index] = min(max(values[index], lower[index]), upper[index])
    }
    weights = kept
  }

  /// Sends pulses.
  ///
  /// - Parameter counts: Pulses of each device, `[outputs, inputs]`, their sign the direction.
  public mutating func pulse(_ counts: [Int32]) {
    require(
      counts.count == weights.count, "PulsedArray: \(counts.count) of \(weights.count) counts")
    var all: [Pulses] = []
    for index in counts.indices where counts[index] != 0 {
      all.append(Pulses(index: index, count: counts[index]))
    }
    pulse(all)
  }

  /// Sends pulses to one column.
  ///
  /// - Parameter counts: One an output.
  public mutating func pulse(column: Int, _ counts: [Int32]) {
    require(counts.count == outputs, "PulsedArray: \(counts.count) counts for \(outputs) rows")
    var all: [Pulses] = []
    for output in counts.indices where counts[output] != 0 {
      all.append(Pulses(index: output * inputs + column, count: counts[output]))
    }
    pulse(all)
  }

  /// Sends the pulse trains of one pair of vectors: on average, weights change by rate·d·xᵀ.
  ///
  /// - Parameters:
  ///   - d: The outputs' part.
  ///   - x: The inputs' part.
  ///   - trains: How vectors become trains; its step is that of the device.
  public mutating func update(_ d: [Float], _ x: [Float], rate: Float, _ trains: StochasticUpdate) {
    require(
      d.count == outputs && x.count == inputs,
      "PulsedArray [\(outputs), \(inputs)]: \(d.count) errors, \(x.count) inputs")
    let columns = inputs
    var all: [Pulses] = []
    all.reserveCapacity(512)
    trains.forEachCoincidence(d, x, rate: rate, stream: trainStream.derived(updates)) {
      all.append(Pulses(index: $0 * columns + $1, count: $2))
    }
    pulse(all)
  }

  /// The pulses that one device gets at once, their sign the direction.
  struct Pulses {
    var index: Int
    var count: Int32
  }

  /// Sends pulses to some devices, one after another; noise goes by the number of a pulse in the update.
  ///
  /// - Parameter all: Devices that get at least one, each once.
  mutating func pulse(_ all: [Pulses]) {
    let draws = stream.derived(updates)
    updates += 1
    let total = all.reduce(0) { $0 + Int(abs($1.count)) }
    guard total > 0 else { return }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: total) { noise in
      if device.cycleToCycle > 0 {
        kk_random_gaussian(
          noise.baseAddress, 0, device.cycleToCycle, draws.seed, draws.stream, 0, total)
      } else {
        noise.initialize(repeating: 0)
      }
      move(all, noise)
    }
    if device.writeNoise > 0 { blur(all, draws.derived("write")) }
  }

  private mutating func move(_ all: [Pulses], _ noise: UnsafeMutableBufferPointer<Float>) {
    let model = device.model
    var number = 0
    for pulses in all {
      let index = pulses.index
      let (isUp, low, high) = (pulses.count > 0, lower[index], upper[index])
      let step = isUp ? stepUp[index] : -stepDown[index]
      var weight = kept[index]
      for _ in 0..<abs(pulses.count) {
        let change = step * model.factor(isUp, weight, low, high, noise[number])
        weight = min(max(weight + change, low), high)
        number += 1
      }
      kept[index] = weight
      weights[index] = weight
      self.pulses[index] += abs(pulses.count)
    }
  }

  /// A pulse leaves what is seen of a weight somewhere about what is kept.
  private mutating func blur(_ all: [Pulses], _ stream: RandomStream) {
    let deviation = device.writeNoise * device.step
    withUnsafeTemporaryAllocation(of: Float.self, capacity: all.count) { draws in
      kk_random_gaussian(
        draws.baseAddress, 0, deviation, stream.seed, stream.stream, 0, all.count)
      for (number, pulses) in all.enumerated() {
        weights[pulses.index] = kept[pulses.index] + draws[number]
      }
    }
  }

  /// W·x.
  public func multiply(_ x: [Float]) -> [Float] {
    (0..<outputs).map { output in
      (0..<inputs).reduce(Float(0)) { $0 + weights[output * inputs + $1] * x[$1] }
    }
  }

  /// One column of the weights: what an input of 1 there reads.
  public func column(_ column: Int) -> [Float] {
    (0..<outputs).map { weights[$0 * inputs + column] }
  }

  /// The weight of each device at which a pulse up and one down cancel; nil for constant steps, which have none.
  ///
  /// For soft bounds w* = (α⁺ − α⁻)/(α⁺/upper − α⁻/lower); for other steps it is looked for between the bounds.
  public var symmetryPoints: [Float]? {
    guard device.model != .constant else { return nil }
    return weights.indices.map { index in
      func excess(_ weight: Float) -> Float {
        let (low, high) = (lower[index], upper[index])
        return stepUp[index] * device.model.factor(true, weight, low, high, 0)
          - stepDown[index] * device.model.factor(false, weight, low, high, 0)
      }
      var (low, high) = (lower[index], upper[index])
      guard low < high else { return low }
      if excess(low) <= 0 { return low }
      if excess(high) >= 0 { return high }
      // 40 halvings leave less than single precision can tell.
      for _ in 0..<40 {
        let middle = (low + high) / 2
        if excess(middle) > 0 { low = middle } else { high = middle }
      }
      return (low + high) / 2
    }
  }
}

extension PulsedArray {
  /// What training has changed of an array; what its chip decides is not in it.
  public struct State: Hashable, Sendable {
    /// What is seen of the weights.
    public var weights: [Float]
    /// What the devices keep.
    public var kept: [Float]
    /// Pulses that each device has had.
    public var pulses: [Int32]
    /// Updates so far, which decide the noise of the next.
    public var updates: Int

    /// A state.
    public init(weights: [Float], kept: [Float], pulses: [Int32], updates: Int) {
      self.weights = weights
      self.kept = kept
      self.pulses = pulses
      self.updates = updates
    }
  }

  /// What training has changed; set, an array of the same chip goes on from there bit for bit.
  public var state: State {
    get { State(weights: weights, kept: kept, pulses: pulses, updates: Int(updates)) }
    set {
      let counts = [newValue.weights.count, newValue.kept.count, newValue.pulses.count]
      require(
        counts.allSatisfy { $0 == weights.count },
        "PulsedArray: a state of \(counts) for \(weights.count) devices")
      weights = newValue.weights
      kept = newValue.kept
      pulses = newValue.pulses
      updates = UInt64(newValue.updates)
    }
  }
}
