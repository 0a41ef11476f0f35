import Autodiff
import Runtime
import Tensor
import Testing

@Suite("Quantised inputs")
struct InputQuantiserTests {
  private let store = ParameterStore()
  private let weight: Parameter
  private let range: Parameter

  init() {
    weight = store.declare(
      "weight", shape: [3, 40], initializer: .gaussian(standardDeviation: 0.3), decays: true)
    range = store.declare("range", shape: [1], initializer: .constant(0), decays: false)
    store.finish(seed: 2)
  }

  private func context(
    _ mode: Context.Mode, _ gradients: Gradients? = nil, _ tape: Tape? = nil
  ) -> Context {
    var context = Context(
      store: store, norms: NormStatistics(channels: 0), gradients: gradients, tape: tape, mode: mode
    )
    context.inputQuantiser = InputQuantiser(bits: 4, ranges: [weight.index: range])
    return context
  }

  private var input: Tensor {
    Tensor(
      (0..<200).map { RandomStream(seed: 9).gaussian(at: UInt64($0)) }, shape: [5, 40])
  }

  private var window: WeightWindow { WeightWindow(weight, outputs: 3, inputs: 40) }

  /// The layer on inputs that are rounded by hand.
  private func expected(_ values: [Float], range: Float) -> [Float] {
    let step = range / 7
    let rounded = values.map {
      min(max(($0 / step).rounded(.toNearestOrEven) * step, -range), range)
    }
    let plain = Context(store: store, norms: NormStatistics(channels: 0), mode: .inference)
    return plain.value(
      plain.pointwise(
        Variable(constant: Tensor(rounded, shape: [5, 40])), weight: window)
    ).floats
  }

  @Test("The first training batch sets the range, and inputs take its codes")
  func forward() {
    let exact = context(.inference)
    let unset = exact.value(exact.pointwise(Variable(constant: input), weight: window)).floats
    let plain = Context(store: store, norms: NormStatistics(channels: 0), mode: .inference)
    #expect(unset == plain.value(plain.pointwise(Variable(constant: input), weight: window)).floats)
    let training = context(.training)
    let found = training.value(training.pointwise(Variable(constant: input), weight: window)).floats
    let first = store.value(range).floats[0]
    let square = input.floats.reduce(0.0) { $0 + Double($1) * Double($1) } / 200
    #expect(abs(Double(first) - 3 * square.squareRoot()) < 1e-5)
    for (a, b) in zip(found, expected(input.floats, range: first)) { #expect(abs(a - b) < 1e-5) }
    // Later batches leave it to the optimiser.
    _ = training.pointwise(
      Variable(constant: Tensor(repeating: 9, shape: [5, 40])), weight: window)
    #expect(store.value(range).floats[0] == first)
  }

  @Test("Gradients pass where inputs are within the range; the range gets what it cuts off")
  func backward() throws {
    store.set(range, to: Tensor([1], shape: [1]))
    let (gradients, tape) = (Gradients(for: store), Tape())
    let context = context(.training, gradients, tape)
    let leaf = tape.leaf(input)
    let factors = Tensor((0..<15).map { Float($0 % 4) - 1.5 }, shape: [5, 3])
    tape.backward(from: [(context.pointwise(leaf, weight: window), factors)])
    let found = try #require(tape.gradient(of: leaf)).floats
    let through = matmul(factors, store.value(weight)).floats
    var cut: Float = 0
    for (index, value) in input.floats.enumerated() {
      if abs(value) > 1 {
        cut += value < 0 ? -through[index] : through[index]
        #expect(found[index] == 0)
      } else {
        #expect(abs(found[index] - through[index]) < 1e-5)
      }
    }
    #expect(abs(gradients.gradient(range).floats[0] - cut) < 1e-4 && cut != 0)
    #expect(input.floats.contains { abs($0) > 1 })
  }
}
