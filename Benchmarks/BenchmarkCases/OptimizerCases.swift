import Kirchhoff
import Tensor

/// One step over 5 M parameters in 100 tensors, as the peers' script has them.
enum OptimizerCases {
  static let all: [BenchmarkCase] = [
    optimizer("adamw") { AdamW(for: $0, weightDecay: 0.01) },
    optimizer("sgd_momentum") {
      SGD(for: $0, momentum: 0.9, nesterov: false, weightDecay: 1e-4)
    },
  ]

  private static func optimizer(
    _ name: String, make: @escaping @Sendable (ParameterStore) -> any Optimizer
  ) -> BenchmarkCase {
    let sizes =
      [Int](repeating: 1 << 18, count: 16) + [Int](repeating: 1 << 14, count: 48)
      + [Int](repeating: 512, count: 36)
    let total = sizes.reduce(0, +)
    return BenchmarkCase(
      "optim.\(name).5M", unit: "Mparam/s", work: Double(total) * 1e-6,
      bytes: Double(total) * (name == "adamw" ? 28 : 20)
    ) {
      let store = ParameterStore()
      for (index, size) in sizes.enumerated() {
        _ = store.declare(
          "p\(index)", shape: [size], initializer: .gaussian(standardDeviation: 1), decays: true)
      }
      store.finish(seed: 1)
      let gradients = Gradients(for: store)
      let state = OptimizerBench(make(store), store, gradients)
      return BenchmarkCase.Prepared(verify: { state.verify() }, run: { state.step() })
    }
  }
}

private final class OptimizerBench {
  private var optimizer: any Optimizer
  private let store: ParameterStore
  private let gradients: Gradients
  private var options = StepOptions(learningRate: 1e-4)

  init(_ optimizer: any Optimizer, _ store: ParameterStore, _ gradients: Gradients) {
    self.optimizer = optimizer
    self.store = store
    self.gradients = gradients
    options.clearsGradients = false
    RandomStream(seed: 3).fillGaussian(
      gradients.values, count: gradients.count, mean: 0, standardDeviation: 1e-3)
  }

  func step() { optimizer.step(store, gradients, options) }

  /// The first step in closed form: AdamW moves by lr·sign(g), SGD by lr·(g + decay·w).
  func verify() -> BenchmarkCase.Verification {
    let before = store.snapshot()
    let slopes = UnsafeBufferPointer(start: gradients.values, count: gradients.count)
    step()
    let after = store.snapshot()
    var worst = 0.0
    for i in stride(from: 0, to: before.count, by: 97) {
      let (w, g) = (Double(before[i]), Double(slopes[i]))
      let expected: Double
      if optimizer is AdamW {
        expected = w * (1 - 1e-4 * 0.01) - 1e-4 * g / (abs(g) + 1e-8)
      } else {
        expected = w - 1e-4 * (g + 1e-4 * w)
      }
      worst = max(worst, abs(Double(after[i]) - expected))
    }
    return BenchmarkCase.Verification(error: worst, tolerance: 1e-6)
  }
}
