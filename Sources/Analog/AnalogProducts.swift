import Autodiff
import Crossbar
import Runtime
import Synchronization
import Tensor

/// One chip on which a network's weights are programmed: every linear layer and convolution runs on
/// its arrays, all else stays digital.
///
/// A layer is programmed when it is first used, from draws that depend on the chip and the layer's name
/// alone. Depthwise convolutions and the products of attention (Q·Kᵀ and A·V, whose operands are no
/// weights) are digital.
public final class AnalogProducts: MatrixProducts {
  /// The arrays.
  public let hardware: CrossbarHardware
  private let chip: RandomStream
  private let reads: RandomStream
  private let state = Mutex(State())

  private struct State {
    var layers: [String: Layer] = [:]
    var error: (any Error)?
  }

  private struct Layer: Sendable {
    var matrix: CrossbarMatrix
    var statistics = ConversionStatistics()
  }

  /// A chip.
  ///
  /// - Parameters:
  ///   - hardware: What it is made of.
  ///   - seed: The seed of the experiment.
  ///   - chip: Which of the chips that this seed makes.
  public init(_ hardware: CrossbarHardware, seed: UInt64, chip: Int) {
    self.hardware = hardware
    let stream = RandomStream(seed: seed).derived("chip").derived(UInt64(chip))
    self.chip = stream.derived("devices")
    reads = stream.derived("reads")
  }

  /// The layer on this chip; nil once programming a layer has failed (`layers()` tells).
  public func product(
    _ x: Tensor, weight: Tensor, taps: Int, layer: String, firstVector: Int
  ) -> Tensor? {
    guard let programmed = programmed(layer, weight, taps) else { return nil }
    return programmed.matrix.multiply(
      x, reads: reads.derived(layer), firstVector: firstVector,
      statistics: programmed.statistics)
  }

  /// What one layer takes and does.
  public struct LayerUse: Codable, Hashable, Sendable {
    /// The weight's name.
    public var layer: String
    /// Inputs of the matrix.
    public var inputs: Int
    /// Outputs of the matrix.
    public var outputs: Int
    /// Arrays.
    public var arrays: Int
    /// Devices.
    public var devices: Int
    /// Share of conversions that were beyond the ADC.
    public var saturatedShare: Double
  }

  /// The layers that ran on arrays so far, by name.
  ///
  /// - Throws: What programming one of them failed with.
  public func layers() throws -> [LayerUse] {
    let (layers, error) = state.withLock { ($0.layers, $0.error) }
    if let error { throw error }
    return layers.sorted { $0.key < $1.key }.map { name, layer in
      LayerUse(
        layer: name, inputs: layer.matrix.inputs, outputs: layer.matrix.outputs,
        arrays: layer.matrix.arrays, devices: layer.matrix.devices,
        saturatedShare: layer.statistics.saturatedShare)
    }
  }

  private func programmed(_ layer: String, _ weight: Tensor, _ taps: Int) -> Layer? {
    state.withLock { state in
      if let known = state.layers[layer] { return known }
      guard state.error == nil else { return nil }
      do {
        let matrix = try CrossbarMatrix(
          weight, taps: taps, on: hardware, chip: chip.derived(layer), name: layer)
        let programmed = Layer(matrix: matrix)
        state.layers[layer] = programmed
        return programmed
      } catch {
        state.error = error
        return nil
      }
    }
  }
}
