import Autodiff
import NN
import Runtime
import Tensor
import Testing

/// A layer with random weights: its output, and a check of its gradient by differences.
struct LayerProbe<Layer> {
  typealias Forward = (Layer, Variable, Context) -> Variable

  let builder = NetworkBuilder()
  let layer: Layer
  let input: Tensor
  private let forward: Forward
  var store: ParameterStore { builder.store }

  init(_ input: Shape, declare: (NetworkBuilder) -> Layer, forward: @escaping Forward) {
    layer = declare(builder)
    self.forward = forward
    self.input = Tensor.gaussian(input, from: RandomStream(seed: 31))
    store.finish(seed: 1)
    for entry in store.entries {
      let isScale = entry.name.hasSuffix("gamma")
      store.set(
        entry.parameter,
        to: Tensor.gaussian(
          entry.parameter.shape, mean: isScale ? 1 : 0, deviation: 0.3,
          from: RandomStream(seed: 32).derived(entry.name)))
    }
  }

  /// The values of a parameter by its name.
  func value(_ name: String) -> Tensor {
    guard let entry = store.entry(named: name) else {
      preconditionFailure("no \(name) among \(store.entries.map(\.name))")
    }
    return store.value(entry.parameter)
  }

  func output(_ input: Tensor? = nil, mode: Context.Mode = .training) -> Tensor {
    let context = Context(store: store, norms: norms, mode: mode)
    let output = forward(layer, Variable(constant: input ?? self.input), context)
    return context.materialized(output).tensor
  }

  private var norms: NormStatistics { NormStatistics(channels: max(builder.normChannels, 1)) }

  private func weights(_ shape: Shape) -> Tensor {
    Tensor.gaussian(shape, from: RandomStream(seed: 33))
  }

  private func loss(_ input: Tensor) -> Double {
    let output = output(input)
    return zip(output.floats, weights(output.shape).floats).reduce(0) {
      $0 + Double($1.0) * Double($1.1)
    }
  }

  /// The slope along a random direction of input and of all weights, by the gradient and by
  /// differences: their relative difference.
  func gradientError() -> Double {
    let tape = Tape()
    let gradients = Gradients(for: store)
    let context = Context(
      store: store, norms: norms, gradients: gradients, tape: tape, mode: .training)
    let leaf = tape.leaf(input)
    let output = context.materialized(forward(layer, leaf, context))
    tape.backward(from: [(output, weights(output.shape))])
    let start = store.snapshot()
    let direction = Tensor.gaussian([store.floatCount], from: RandomStream(seed: 34)).floats
    let inputDirection = Tensor.gaussian(input.shape, from: RandomStream(seed: 35)).floats
    let step: Float = 1e-3
    let losses = [step, -step].map { step in
      store.restore(zip(start, direction).map { $0 + step * $1 })
      return loss(
        Tensor(zip(input.floats, inputDirection).map { $0 + step * $1 }, shape: input.shape))
    }
    store.restore(start)
    let numeric = (losses[0] - losses[1]) / (2 * Double(step))
    var analytic = zip(tape.gradient(of: leaf)!.floats, inputDirection).reduce(0.0) {
      $0 + Double($1.0) * Double($1.1)
    }
    for entry in store.entries {
      let slopes = gradients.gradient(entry.parameter).floats
      for (i, slope) in slopes.enumerated() {
        analytic += Double(slope) * Double(direction[entry.parameter.offset + i])
      }
    }
    return abs(numeric - analytic) / max(abs(numeric), abs(analytic))
  }
}

/// Single-precision sums of some hundred terms, against double precision.
let outputTolerance = 1e-5

/// Differences over 2e-3 in single-precision losses of some hundred terms; a wrong gradient is off
/// by tens of percent.
let gradientTolerance = 1e-2
