import Autodiff
import Crossbar
import Runtime
import Synchronization
import Tensor

/// One chip on which a network's weights are programmed: what its plan puts on arrays runs there, all else stays
/// digital.
///
/// A layer is programmed when it is first used, from draws that depend on the chip and the layer's name
/// alone.
public final class AnalogProducts: MatrixProducts {
  /// Which layers run on which arrays.
  public let plan: ArrayPlan
  private let inputRanges: [String: Float]
  private let chip: RandomStream
  private let reads: RandomStream
  private let state = Mutex(State())

  fileprivate struct State {
    var layers: [String: Layer] = [:]
    var written: [String: LayerUse] = [:]
    var statistics: [String: ConversionStatistics] = [:]
    var isProfiling = false
    var error: (any Error)?
  }

  fileprivate struct Layer: Sendable {
    var matrix: CrossbarMatrix
    var profile: RangeProfile?
  }

  /// A chip.
  ///
  /// - Parameters:
  ///   - plan: Which layers run on which arrays.
  ///   - seed: The seed of the experiment.
  ///   - chip: Which of the chips that this seed makes.
  ///   - inputRanges: The ranges of inputs that layers were trained with, by name.
  public init(
    _ plan: ArrayPlan, seed: UInt64, chip: Int, inputRanges: [String: Float] = [:]
  ) {
    self.plan = plan
    self.inputRanges = inputRanges
    let stream = RandomStream(seed: seed).derived("chip").derived(UInt64(chip))
    self.chip = stream.derived("devices")
    reads = stream.derived("reads")
  }

  /// A chip of one kind of arrays for all layers.
  public convenience init(_ hardware: CrossbarHardware, seed: UInt64, chip: Int) {
    self.init(ArrayPlan(hardware), seed: seed, chip: chip)
  }

  /// The layer on this chip; nil where it is digital, and once programming a layer has failed (`layers()`
  /// tells).
  public func product(
    _ x: Tensor, weight: Tensor, taps: Int, layer: String, firstVector: Int
  ) -> Tensor? {
    guard let hardware = plan.hardware(for: layer),
      let (programmed, statistics) = programmed(layer, weight, taps, hardware)
    else { return nil }
    guard let profile = programmed.profile else {
      return programmed.matrix.multiply(
        x, reads: reads.derived(layer), firstVector: firstVector, statistics: statistics)
    }
    return programmed.matrix.multiply(
      x, reads: reads.derived("calibration").derived(layer), firstVector: firstVector,
      profile: profile)
  }

  /// The product on arrays that are written for it.
  public func product(_ x: Tensor, activation: Tensor, layer: String, number: Int) -> Tensor? {
    guard let hardware = plan.hardware(for: layer), state.withLock({ $0.error == nil }) else {
      return nil
    }
    do {
      let matrix = try CrossbarMatrix(
        activation, on: hardware, chip: chip.derived(layer).derived(UInt64(number)), name: layer)
      let statistics = state.withLock { state in
        var use = state.written[layer] ?? LayerUse(layer, matrix)
        if state.written[layer] != nil { use.writes += matrix.writes }
        state.written[layer] = use
        return state.statistics(of: layer)
      }
      return matrix.multiply(
        x, reads: reads.derived(layer).derived(UInt64(number)), statistics: statistics)
    } catch {
      state.withLock { $0.error = $0.error ?? error }
      return nil
    }
  }

  /// As many channels as have room for their taps, where the plan puts depthwise convolutions on arrays.
  public func depthwiseChannels(taps: Int, layer: String) -> Int? {
    guard plan.depthwise == .arrays, let hardware = plan.hardware(for: layer) else { return nil }
    return max(hardware.rows / taps, 1)
  }

  /// Whether the plan puts Q·Kᵀ and A·V on arrays.
  public var takesAttention: Bool { plan.attention == .arrays }

  /// Takes ranges of inputs, then of currents, from vectors that are sent before, where the plan wants that.
  ///
  /// - Parameter pass: Runs a network on these products; its outputs do not matter.
  /// - Throws: What `pass` throws.
  public func calibrate(_ pass: () throws -> Void) throws {
    guard plan.needsCalibration else { return }
    for isOfInputs in [true, false] {
      state.withLock { state in
        state.isProfiling = true
        state.layers = state.layers.mapValues {
          Layer(matrix: $0.matrix, profile: $0.matrix.makeProfile())
        }
      }
      try pass()
      state.withLock { state in
        state.isProfiling = false
        for layer in state.layers.keys {
          guard var known = state.layers[layer], let profile = known.profile else { continue }
          if isOfInputs {
            known.matrix.calibrateInputs(profile)
          } else {
            known.matrix.calibrateOutputs(profile)
          }
          known.profile = nil
          state.layers[layer] = known
        }
      }
    }
  }

  /// What one layer takes and does.
  public struct LayerUse: Codable, Hashable, Sendable {
    /// The weight's name.
    public var layer: String
    /// Inputs of the matrix.
    public var inputs: Int
    /// Outputs of the matrix.
    public var outputs: Int
    /// Arrays; of a product of attention those of one head.
    public var arrays: Int
    /// Devices; of a product of attention those of one head.
    public var devices: Int
    /// Writes of devices, trials of write-verify among them: once for weights, for every image and head where
    /// activations are written.
    public var writes: Int
    /// Share of conversions that were beyond the ADC.
    public var saturatedShare: Double

    init(_ layer: String, _ matrix: CrossbarMatrix) {
      self.layer = layer
      inputs = matrix.inputs
      outputs = matrix.outputs
      arrays = matrix.arrays
      devices = matrix.devices
      writes = matrix.writes
      saturatedShare = 0
    }
  }

  /// The layers that ran on arrays so far, by name.
  ///
  /// - Throws: What programming one of them failed with.
  public func layers() throws -> [LayerUse] {
    try state.withLock { state in
      if let error = state.error { throw error }
      let uses = state.layers.map { LayerUse($0, $1.matrix) } + state.written.values
      return uses.sorted { $0.layer < $1.layer }.map { use in
        var use = use
        use.saturatedShare = state.statistics[use.layer]?.saturatedShare ?? 0
        return use
      }
    }
  }

  /// The hardware with the layer's own range of inputs, where it wants the one of its training.
  private func trained(_ hardware: CrossbarHardware, _ layer: String) -> CrossbarHardware {
    // Groups of channels and depthwise blocks carry a number behind the name of their weight.
    let weight = String(layer.prefix { $0 != "[" })
    guard hardware.periphery.inputRange == .learned, let range = inputRanges[weight], range > 0
    else { return hardware }
    var hardware = hardware
    hardware.periphery.inputRange = .fixed(range)
    return hardware
  }

  private func programmed(
    _ layer: String, _ weight: Tensor, _ taps: Int, _ hardware: CrossbarHardware
  ) -> (Layer, ConversionStatistics)? {
    state.withLock { state in
      if let known = state.layers[layer] { return (known, state.statistics(of: layer)) }
      guard state.error == nil else { return nil }
      do {
        let matrix = try CrossbarMatrix(
          weight, taps: taps, on: trained(hardware, layer), chip: chip.derived(layer),
          name: layer)
        let programmed = Layer(
          matrix: matrix, profile: state.isProfiling ? matrix.makeProfile() : nil)
        state.layers[layer] = programmed
        return (programmed, state.statistics(of: layer))
      } catch {
        state.error = error
        return nil
      }
    }
  }
}

extension AnalogProducts.State {
  fileprivate mutating func statistics(of layer: String) -> ConversionStatistics {
    let known = statistics[layer] ?? ConversionStatistics()
    statistics[layer] = known
    return known
  }
}
