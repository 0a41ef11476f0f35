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

  /// Devices at weight 0.
  ///
  /// - Parameter chip: Decides devices and noise.
  public init(_ device: PulsedDevice, outputs: Int, inputs: Int, chip: RandomStream) {
    self.device = device
    self.outputs = outputs
    self.inputs = inputs
    stream = chip.derived("noise")
    let count = outputs * inputs
    func draws(_ name: String) -> [Float] {
      var values = [Float](repeating: 0, count: count)
      chip.derived(name).fillGaussian(&values, count: count)
      return values
    }
    let bounds = device.bounds
    upper = draws("upper").map {
      max(bounds.upperBound * (1 + device.boundVariation * $0), 0)
    }
    lower = draws("lower").map {
      min(bounds.lowerBound * (1 + device.boundVariation * $0), 0)
    }
    let gammas = draws("step").map { draw in
      switch device.stepDistribution {
      case .normal: max(1 + device.stepVariation * draw, 0)
      case .logNormal: exp(device.stepVariation * draw)
      }
    }
    let rhos = draws("asymmetry").map { device.asymmetry + device.asymmetryVariation * $0 }
    stepUp = zip(gammas, rhos).map { device.step * max($0 + $1, 0) }
    stepDown = zip(gammas, rhos).map { device.step * max($0 - $1, 0) }
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
    let draws = stream.derived(updates)
    updates += 1
    let most = counts.reduce(0) { max($0, abs($1)) }
    guard most > 0 else { return }
    let device = device
    let devices = counts.count
    weights.withUnsafeMutableBufferPointer { weights in
      kept.withUnsafeMutableBufferPointer { kept in
        pulses.withUnsafeMutableBufferPointer { pulses in
          nonisolated(unsafe) let (weights, kept, pulses) = (weights, kept, pulses)
          parallelChunks(devices, of: 1 << 12) { range in
            var noise = [Float](repeating: 0, count: range.count)
            for pulse in 0..<most {
              if device.cycleToCycle > 0 {
                kk_random_gaussian(
                  &noise, 0, device.cycleToCycle, draws.seed, draws.stream,
                  UInt64(Int(pulse) * devices + range.lowerBound), range.count)
              }
              for index in range where abs(counts[index]) > pulse {
                let (isUp, low, high) = (counts[index] > 0, lower[index], upper[index])
                let factor = device.model.factor(
                  isUp, kept[index], low, high, noise[index - range.lowerBound])
                let change = isUp ? stepUp[index] * factor : -stepDown[index] * factor
                kept[index] = min(max(kept[index] + change, low), high)
              }
            }
            for index in range where counts[index] != 0 {
              pulses[index] += abs(counts[index])
              weights[index] = kept[index]
            }
          }
        }
      }
    }
    if device.writeNoise > 0 { blur(counts, draws.derived("write")) }
  }

  /// A pulse leaves the device's weight somewhere about what is kept.
  private mutating func blur(_ counts: [Int32], _ stream: RandomStream) {
    let deviation = device.writeNoise * device.step
    for index in counts.indices where counts[index] != 0 {
      weights[index] = kept[index] + deviation * stream.gaussian(at: UInt64(index))
    }
  }

  /// Sends the pulse trains of one pair of vectors: on average, weights change by rate·d·xᵀ.
  ///
  /// - Parameters:
  ///   - d: The outputs' part.
  ///   - x: The inputs' part.
  ///   - trains: How vectors become trains; its step is that of the device.
  public mutating func update(_ d: [Float], _ x: [Float], rate: Float, _ trains: StochasticUpdate) {
    pulse(trains.counts(d, x, rate: rate, stream: stream.derived("trains").derived(updates)))
  }

  /// Sends pulses to one column.
  ///
  /// - Parameter counts: One an output.
  public mutating func pulse(column: Int, _ counts: [Int32]) {
    var all = [Int32](repeating: 0, count: weights.count)
    for output in 0..<outputs { all[output * inputs + column] = counts[output] }
    pulse(all)
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
