import Autodiff
import Foundation
import Tensor
import Testing

/// Losses against numbers from the formulas of their papers, worked out in double precision.
@Suite struct LossTests {
  struct AlphaRow: Sendable {
    let student: [Float]
    let teacher: [Float]
    /// D at α = −1 and at α = +1.
    let values: [Double]
    /// The logit gradients at α = −1 and at α = +1.
    let gradients: [[Double]]
  }

  static let alphaRows = [
    AlphaRow(
      student: [2, 0, -1], teacher: [1, 1, 0], values: [0.364072, 0.463214],
      gradients: [[0.227707, -0.166467, -0.061240], [0.421476, -0.308124, -0.113352]]),
    AlphaRow(
      student: [4, 0, -4], teacher: [0, 1, 0], values: [1.773823, 3.043151],
      gradients: [[0.082704, -0.081207, -0.001497], [0.769749, -0.558137, -0.211612]]),
  ]

  /// The loss and the logit gradient.
  private func evaluate(
    _ student: [Float], _ loss: (Context, Variable) -> Variable
  ) -> (value: Double, gradient: [Float]) {
    let store = ParameterStore()
    store.finish(seed: 1)
    let tape = Tape()
    let context = Context(
      store: store, norms: NormStatistics(channels: 1), tape: tape, mode: .training)
    let logits = tape.leaf(Tensor(student, shape: [1, student.count]))
    let value = loss(context, logits)
    tape.backward(from: value)
    return (Double(value.tensor.scalar), tape.gradient(of: logits)!.floats)
  }

  private func alpha(_ row: AlphaRow, _ low: Float, _ high: Float) -> (Double, [Float]) {
    evaluate(row.student) { context, logits in
      context.alphaDivergence(
        logits, teacherLogits: Tensor(row.teacher, shape: [1, 3]),
        AlphaDivergence(alphaMin: low, alphaMax: high))
    }
  }

  // Six decimals of the table, and single-precision sums of three terms of the size of one.
  @Test("The alpha-divergence has its published values and gradients", arguments: alphaRows.indices)
  func alphaTable(_ index: Int) {
    let row = Self.alphaRows[index]
    for (k, exponent) in [Float(-1), 1].enumerated() {
      let (value, gradient) = alpha(row, exponent, exponent)
      #expect(abs(value - row.values[k]) < 1e-5)
      for (found, expected) in zip(gradient, row.gradients[k]) {
        #expect(abs(Double(found) - expected) < 1e-5)
      }
    }
    // The larger of both is taken: +1 in all rows.
    #expect(alpha(row, -1, 1) == alpha(row, 1, 1))
  }

  @Test("At α = 1 the alpha-divergence is KL(p ‖ q), its gradient q − p", arguments: [0, 1])
  func alphaOne(_ index: Int) {
    let row = Self.alphaRows[index]
    let (value, gradient) = alpha(row, 1, 1)
    let kl = evaluate(row.student) { context, logits in
      context.klDivergence(logits, teacherLogits: Tensor(row.teacher, shape: [1, 3]))
    }
    // Rounding of three terms of the size of one.
    #expect(abs(value - kl.value) < 1e-6)
    let (q, p) = (softmax(row.student), softmax(row.teacher))
    for i in 0..<3 {
      #expect(abs(Double(gradient[i]) - (q[i] - p[i])) < 1e-6)
      #expect(abs(kl.gradient[i] - gradient[i]) < 1e-6)
    }
  }

  @Test("Label smoothing spreads its share over all classes")
  func smoothing() {
    let logits: [Float] = [0.5, -1, 2, 0]
    let smoothing: Float = 0.1
    let found = evaluate(logits) { context, logits in
      context.crossEntropy(logits, labels: [1], smoothing: smoothing)
    }
    let q = softmax(logits)
    let target = (0..<4).map { ($0 == 1 ? 0.9 : 0.0) + 0.025 }
    let expected = zip(target, q).reduce(0.0) { $0 - $1.0 * log($1.1) }
    // Rounding of four terms of the size of one; a smoothing of 0.1 in float is 1.5e-9 off.
    #expect(abs(found.value - expected) < 2e-6)
    for i in 0..<4 { #expect(abs(Double(found.gradient[i]) - (q[i] - target[i])) < 1e-6) }
  }

  private func softmax(_ logits: [Float]) -> [Double] {
    let exponentials = logits.map { exp(Double($0)) }
    let sum = exponentials.reduce(0, +)
    return exponentials.map { $0 / sum }
  }
}
