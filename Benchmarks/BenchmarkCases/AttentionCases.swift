import Kirchhoff
import Tensor

/// Multi-head attention with its projections: 64 samples of 64 tokens, width 128, 4 heads.
enum AttentionCases {
  static let all: [BenchmarkCase] = {
    let (batch, tokens, width, heads) = (64, 64, 128, 4)
    let operations =
      2.0 * Double(batch * tokens * width * 4 * width)
      + 4.0 * Double(batch * tokens * tokens * width)
    return BenchmarkCase.pair(
      "mha.b64.t64.d128.h4.f32", unit: "samples/s", forwardWork: Double(batch),
      operations: operations, backwardFactor: 1, tolerance: 1e-4
    ) {
      OperationBench(
        inputs: [[batch, tokens, width]],
        parameters: [
          ([3, width, width], 0.05), ([3, width], 0.01), ([width, width], 0.05), ([width], 0.01),
        ]
      ) { context, x, p in
        let qkv = context.pointwise(
          x[0], weight: WeightWindow(p[0], outputs: 3 * width, inputs: width, blocks: 3),
          bias: VectorWindow(p[1], count: 3 * width, blocks: 3))
        let mixed = context.attention(qkv, heads: heads, headWidth: width / heads)
        return context.pointwise(
          mixed, weight: WeightWindow(p[2], outputs: width, inputs: width),
          bias: VectorWindow(p[3], count: width))
      }
    }
  }()
}
