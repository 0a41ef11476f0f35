import Autodiff
import Runtime
import Tensor
import Testing

/// One primitive (or a chain of them) whose gradient is checked.
struct GradientCase: Sendable, CustomTestStringConvertible {
  let name: String
  /// Shapes of the inputs that get a gradient.
  let inputs: [[Int]]
  /// Shapes of the parameters.
  let parameters: [[Int]]
  /// Channels of batch norms.
  var normChannels = 0
  /// Half the distance of the two losses of a difference.
  var step: Float = 4e-3
  /// The forward pass.
  let forward: @Sendable (Context, [Variable], [Parameter]) -> Variable

  var testDescription: String { name }

  init(
    _ name: String, inputs: [[Int]], parameters: [[Int]] = [], normChannels: Int = 0,
    step: Float = 4e-3,
    forward: @escaping @Sendable (Context, [Variable], [Parameter]) -> Variable
  ) {
    self.name = name
    self.inputs = inputs
    self.parameters = parameters
    self.normChannels = normChannels
    self.step = step
    self.forward = forward
  }
}

/// A case with values: runs it, and compares its gradient with differences of its loss.
struct GradientProbe {
  private let gradientCase: GradientCase
  private let store = ParameterStore()
  private var handles: [Parameter] = []
  private var values: [Tensor] = []

  init(_ gradientCase: GradientCase) {
    self.gradientCase = gradientCase
    let random = RandomStream(seed: 7)
    for (index, shape) in gradientCase.parameters.enumerated() {
      handles.append(
        store.declare(
          "p\(index)", shape: Shape(shape), initializer: .gaussian(standardDeviation: 0.5),
          decays: true))
    }
    store.finish(seed: 3)
    for (index, shape) in gradientCase.inputs.enumerated() {
      values.append(GradientProbe.gaussian(shape, random.derived(UInt64(index))))
    }
  }

  static func gaussian(_ shape: [Int], _ stream: RandomStream) -> Tensor {
    let shape = Shape(shape)
    return Tensor((0..<shape.count).map { stream.gaussian(at: UInt64($0)) }, shape: shape)
  }

  /// A weight for each output element, so that the loss sees all of them differently.
  private static func weights(_ shape: Shape) -> Tensor {
    gaussian(shape.array, RandomStream(seed: 11).derived("weights"))
  }

  private func loss(_ values: [Tensor]) -> Double {
    let context = Context(
      store: store, norms: NormStatistics(channels: max(gradientCase.normChannels, 1)),
      mode: .training, random: RandomStream(seed: 5))
    let output = context.materialized(
      gradientCase.forward(context, values.map { Variable(constant: $0) }, handles)
    ).tensor
    let weights = GradientProbe.weights(output.shape)
    return zip(output.floats, weights.floats).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  private func gradients() -> (inputs: [Tensor], parameters: Gradients) {
    let tape = Tape()
    let gradients = Gradients(for: store)
    let context = Context(
      store: store, norms: NormStatistics(channels: max(gradientCase.normChannels, 1)),
      gradients: gradients, tape: tape, mode: .training, random: RandomStream(seed: 5))
    let leaves = values.map { tape.leaf($0) }
    let output = context.materialized(gradientCase.forward(context, leaves, handles))
    tape.backward(from: [(output, GradientProbe.weights(output.shape))])
    return (leaves.map { tape.gradient(of: $0)! }, gradients)
  }

  /// For each input and parameter: the slope along a random direction by differences and by the
  /// gradient, relative to the larger of the two and the gradient's own size.
  mutating func errors() -> [(name: String, error: Double)] {
    let (inputGradients, parameterGradients) = gradients()
    var errors: [(String, Double)] = []
    for index in values.indices {
      let original = values[index]
      let probe = self
      let error = relativeError(
        original, inputGradients[index], RandomStream(seed: 21).derived(UInt64(index))
      ) { value in
        var moved = probe.values
        moved[index] = value
        return probe.loss(moved)
      }
      errors.append(("input \(index)", error))
    }
    for (index, handle) in handles.enumerated() {
      let original = store.value(handle)
      let store = store
      let probe = self
      let error = relativeError(
        original, parameterGradients.gradient(handle), RandomStream(seed: 22).derived(UInt64(index))
      ) { value in
        store.set(handle, to: value)
        defer { store.set(handle, to: original) }
        return probe.loss(probe.values)
      }
      errors.append(("parameter \(index)", error))
    }
    return errors
  }

  private func relativeError(
    _ value: Tensor, _ gradient: Tensor, _ stream: RandomStream, _ loss: (Tensor) -> Double
  ) -> Double {
    var worst = 0.0
    for trial in 0..<3 {
      let direction = GradientProbe.gaussian(value.shape.array, stream.derived(UInt64(trial)))
      let step = gradientCase.step
      let plus = GradientProbe.moved(value, direction, step)
      let minus = GradientProbe.moved(value, direction, -step)
      let numeric = (loss(plus) - loss(minus)) / (2 * Double(step))
      let analytic = zip(gradient.floats, direction.floats).reduce(0.0) {
        $0 + Double($1.0) * Double($1.1)
      }
      let size = gradient.floats.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      // Rounding of a float32 loss leaves about 1e-3 in a difference, whatever the gradient: slopes
      // below 0.1 (a shift that a batch norm takes out again) count as that.
      let scale = max(abs(numeric), abs(analytic), size, 0.1)
      worst = max(worst, abs(numeric - analytic) / scale)
    }
    return worst
  }

  private static func moved(_ value: Tensor, _ direction: Tensor, _ step: Float) -> Tensor {
    Tensor(zip(value.floats, direction.floats).map { $0 + step * $1 }, shape: value.shape)
  }
}
