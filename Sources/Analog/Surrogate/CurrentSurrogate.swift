import Autodiff
import Crossbar
import Foundation
import NN
import RunLog
import Runtime
import Tensor

/// A learned stand-in for non-linear arrays: the share of the ideal current over the real one, column by column,
/// from conductances and voltages (GENIEx: N² + N inputs, 500 ReLU, N outputs).
public final class CurrentSurrogate {
  /// What it stands for.
  public let arrays: SurrogateArrays
  /// The shares that were learned from, lowest to highest.
  public let shares: ClosedRange<Double>
  let store: ParameterStore
  private let hidden: Linear
  private let output: Linear

  /// Hidden neurons.
  static let width = 500
  /// An untrained one.
  init(_ arrays: SurrogateArrays, shares: ClosedRange<Double> = 0...1, seed: UInt64) {
    self.arrays = arrays
    self.shares = shares
    let builder = NetworkBuilder()
    let inputs = arrays.side * arrays.side + arrays.side
    hidden = Linear("hidden", inputs: inputs, outputs: Self.width, in: builder)
    output = Linear("output", inputs: Self.width, outputs: arrays.side, in: builder)
    store = builder.store
    store.finish(seed: seed)
  }

  /// Outputs for inputs `[batch, N² + N]`.
  func outputs(_ inputs: Tensor, in context: Context) -> Variable {
    let activated = context.activation(
      hidden(Variable(constant: inputs), in: context), .relu)
    return context.materialized(output(activated, in: context))
  }

  /// The currents of columns.
  ///
  /// - Parameters:
  ///   - siemens: Cells of arrays, `[N, N]` each, one after another.
  ///   - volts: At their drivers, `[N]` each.
  /// - Returns: Amperes, `[N]` for each array.
  public func currents(siemens: [Double], volts: [Double]) -> [Double] {
    let side = arrays.side
    let count = volts.count / side
    require(
      volts.count == count * side && siemens.count == count * side * side,
      "CurrentSurrogate of \(side) × \(side): \(siemens.count) cells, \(volts.count) voltages")
    let width = side * side + side
    let inputs = Tensor(uninitialized: [count, width])
    for array in 0..<count {
      let target = inputs.pointer + array * width
      for cell in 0..<side * side {
        let g = siemens[array * side * side + cell]
        target[cell] = Float(
          (g - arrays.offSiemens) / (arrays.onSiemens - arrays.offSiemens))
      }
      for row in 0..<side {
        target[side * side + row] = Float(volts[array * side + row] / arrays.largestVolts)
      }
    }
    let context = Context(
      store: store, norms: NormStatistics(channels: 0), mode: .inference)
    let shares = shares(outputs(inputs, in: context).tensor)
    return (0..<count * side).map { index in
      let (array, column) = (index / side, index % side)
      let ideal = (0..<side).reduce(0.0) {
        $0 + volts[array * side + $1] * siemens[(array * side + $1) * side + column]
      }
      return ideal / shares[index]
    }
  }

  /// Outputs as shares of the ideal current over the real one, held within what was learned from.
  func shares(_ outputs: Tensor) -> [Double] {
    outputs.floats.map { min(max(Double($0), shares.lowerBound), shares.upperBound) }
  }

  /// Takes the scaling of inputs and outputs that it was trained with into its weights.
  func fold(
    inputMeans: [Float], inputScales: [Float], shareMean: Float, shareScale: Float
  ) {
    guard let hiddenBias = hidden.bias, let outputBias = output.bias else { return }
    var (first, offsets) = (store.value(hidden.weight).floats, store.value(hiddenBias).floats)
    let inputs = inputMeans.count
    for neuron in offsets.indices {
      for index in 0..<inputs {
        first[neuron * inputs + index] /= inputScales[index]
        offsets[neuron] -= first[neuron * inputs + index] * inputMeans[index]
      }
    }
    store.set(hidden.weight, to: Tensor(first, shape: hidden.weight.shape))
    store.set(hiddenBias, to: Tensor(offsets, shape: hiddenBias.shape))
    let second = store.value(output.weight).floats.map { $0 * shareScale }
    let last = store.value(outputBias).floats.map { $0 * shareScale + shareMean }
    store.set(output.weight, to: Tensor(second, shape: output.weight.shape))
    store.set(outputBias, to: Tensor(last, shape: outputBias.shape))
  }

  /// Writes it to a safetensors file, in one step; `LearnedLines` reads it too.
  ///
  /// - Throws: `KirchhoffError` when it cannot be written.
  public func write(to path: String) throws {
    let card = SurrogateCard(
      arrays: arrays, lowestShare: shares.lowerBound, highestShare: shares.upperBound)
    let text = String(decoding: try JSON.encode(card, subject: path), as: UTF8.self)
    try SafetensorsWriter.write(
      store.entries.map { entry in
        let value = store.value(entry.parameter)
        return TensorSource(name: entry.name, shape: value.shape.array, floats: value.floats)
      }, metadata: [SurrogateCard.key: text], to: path)
  }

  /// Reads it from a file.
  ///
  /// - Throws: `KirchhoffError` when it cannot be read, is damaged, or is something else.
  public convenience init(contentsOf path: String) throws {
    let file = try SafetensorsFile(path: path)
    try file.checkFinite()
    let card = try SurrogateCard(file)
    self.init(card.arrays, shares: card.lowestShare...card.highestShare, seed: 0)
    for entry in store.entries {
      store.set(
        entry.parameter, to: try SurrogateCard.tensor(entry.name, entry.parameter.shape, file))
    }
  }
}
