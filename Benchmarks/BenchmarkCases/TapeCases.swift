import Kirchhoff
import Tensor

/// What an operation costs beside its arithmetic: chains of a hundred on tensors of eight floats, so
/// that 1 Mop/s is a microsecond an operation (`.fwdbwd`: recorded, run, and run backward).
enum TapeCases {
  static let all: [BenchmarkCase] =
    tiny("scaled") { context, x, _ in context.scaled(x, by: 1.0001) }
    + tiny("add") { context, x, p in context.add(x, x, scale: nil, factor: 1e-3) }
    + tiny("sum") { context, x, _ in context.add(x, Variable(constant: x.tensor)) }
    + tiny("activation") { context, x, _ in
      context.materialized(context.activation(x, .hardSwish))
    }
    + tiny("layernorm") { context, x, p in
      context.layerNorm(
        x, gamma: VectorWindow(p[0], count: 8), beta: VectorWindow(p[1], count: 8))
    }
    + tiny("pointwise") { context, x, p in
      context.pointwise(
        x, weight: WeightWindow(p[2], outputs: 8, inputs: 8), bias: VectorWindow(p[1], count: 8))
    }

  private static func tiny(
    _ name: String,
    operation: @escaping @Sendable (Context, Variable, [Parameter]) -> Variable
  ) -> [BenchmarkCase] {
    let length = 100
    return BenchmarkCase.pair(
      "tape.tiny.\(name)", unit: "Mop/s", forwardWork: Double(length) * 1e-6, operations: 0,
      // A hundred operations multiply the rounding of one.
      backwardFactor: 1, tolerance: 1e-4
    ) {
      OperationBench(inputs: [[1, 8]], parameters: [([8], 0), ([8], 0.1), ([8, 8], 0.3)]) {
        context, x, p in
        (0..<length).reduce(x[0]) { y, _ in operation(context, y, p) }
      }
    }
  }
}
