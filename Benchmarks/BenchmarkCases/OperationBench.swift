import CKernels
import Kirchhoff
import Tensor

/// A primitive of the tape on fixed random inputs: runs it forward, or forward and backward, and
/// compares it with the plain bodies of the kernels.
final class OperationBench {
  typealias Forward = (Context, [Variable], [Parameter]) -> Variable

  private let store = ParameterStore()
  private let handles: [Parameter]
  private let inputs: [Tensor]
  private let forward: Forward
  private let norms: NormStatistics
  private let gradients: Gradients
  private let seed: Tensor

  init(
    inputs shapes: [Shape], parameters: [(shape: Shape, deviation: Float)], normChannels: Int = 0,
    forward: @escaping Forward
  ) {
    var handles: [Parameter] = []
    for (index, parameter) in parameters.enumerated() {
      handles.append(
        store.declare(
          "p\(index)", shape: parameter.shape,
          initializer: parameter.deviation == 0
            ? .constant(1) : .gaussian(standardDeviation: parameter.deviation), decays: true))
    }
    store.finish(seed: 1)
    self.handles = handles
    let random = RandomStream(seed: 2)
    inputs = shapes.enumerated().map { index, shape in
      Tensor.gaussian(shape, from: random.derived(UInt64(index)))
    }
    self.forward = forward
    norms = NormStatistics(channels: max(normChannels, 1))
    gradients = Gradients(for: store)
    let context = Context(store: store, norms: norms, mode: .training)
    let output = context.materialized(
      forward(context, inputs.map(Variable.init(constant:)), handles))
    seed = Tensor.gaussian(output.shape, from: random.derived("gradient"))
  }

  func runForward() {
    let context = Context(store: store, norms: norms, mode: .training)
    _ = context.materialized(forward(context, inputs.map(Variable.init(constant:)), handles))
  }

  func runBoth() { _ = both() }

  private func both() -> (output: Tensor, inputs: [Tensor]) {
    let tape = Tape()
    let context = Context(
      store: store, norms: norms, gradients: gradients, tape: tape, mode: .training)
    let leaves = inputs.map { tape.leaf($0) }
    let output = context.materialized(forward(context, leaves, handles))
    tape.backward(from: [(output, seed)])
    return (output.tensor, leaves.compactMap { tape.gradient(of: $0) })
  }

  /// The largest difference to the plain kernels over output and all gradients, each relative to its
  /// largest element.
  func verify(tolerance: Double) -> BenchmarkCase.Verification {
    func results() -> [[Float]] {
      gradients.clear()
      let (output, inputs) = both()
      let parameters = handles.map { gradients.gradient($0).floats }
      return [output.floats] + inputs.map(\.floats) + parameters
    }
    let kind = kk_isa()
    let fast = results()
    kk_isa_set(KK_ISA_REFERENCE)
    let plain = results()
    kk_isa_set(kind)
    gradients.clear()
    let error = zip(fast, plain).map(relativeError).max() ?? 0
    return BenchmarkCase.Verification(error: error, tolerance: tolerance)
  }
}

/// The largest difference over the largest element of `plain`; infinite for a NaN.
func relativeError(_ fast: [Float], _ plain: [Float]) -> Double {
  var worst = 0.0
  var size = 1e-30
  for (a, b) in zip(fast, plain) {
    guard a.isFinite, b.isFinite else { return .infinity }
    worst = max(worst, Double(abs(a - b)))
    size = max(size, Double(abs(b)))
  }
  return worst / size
}

extension BenchmarkCase {
  /// The forward pass, and forward with backward, of one primitive.
  ///
  /// - Parameter forwardWork: Work of the forward pass in the unit; both passes count three times it
  ///   where arithmetic is the measure, and once where elements are.
  static func pair(
    _ name: String, unit: String, forwardWork: Double, operations: Double,
    backwardFactor: Double, tolerance: Double, make: @escaping @Sendable () -> OperationBench
  ) -> [BenchmarkCase] {
    [(".fwd", 1.0), (".fwdbwd", backwardFactor)].map { suffix, factor in
      BenchmarkCase(
        name + suffix, unit: unit, work: forwardWork * factor,
        operations: operations * (suffix == ".fwd" ? 1 : 3)
      ) {
        let bench = make()
        return Prepared(
          verify: { bench.verify(tolerance: tolerance) },
          run: suffix == ".fwd" ? bench.runForward : bench.runBoth)
      }
    }
  }
}
