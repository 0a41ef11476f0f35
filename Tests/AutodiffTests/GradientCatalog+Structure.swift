import Autodiff
import Runtime
import Tensor

// Shapes, reductions, pooling, noise and losses.
extension GradientCatalog {
  static let structure: [GradientCase] = [
    GradientCase("sum", inputs: [[3, 7], [3, 7]]) { context, x, _ in context.add(x[0], x[1]) },
    GradientCase("x + x", inputs: [[3, 7]]) { context, x, _ in context.add(x[0], x[0]) },
    GradientCase("scaled residual", inputs: [[3, 7], [3, 7]], parameters: [[2, 9]]) {
      context, x, p in
      context.add(x[0], x[1], scale: VectorWindow(p[0], count: 7, row: 1), factor: 0.3)
    },
    GradientCase("residual with a factor", inputs: [[3, 7], [3, 7]]) { context, x, _ in
      context.add(x[0], x[1], scale: nil, factor: -0.7)
    },
    GradientCase("scaled", inputs: [[3, 7]]) { context, x, _ in context.scaled(x[0], by: -2.5) },
    GradientCase("LSTM cell", inputs: [[3, 20], [3, 5]]) { context, x, _ in
      let (out, kept) = context.lstmCell(gates: x[0], before: x[1])
      return context.concatenate([out, kept])
    },
    GradientCase("LSTM cell, its output alone", inputs: [[3, 20], [3, 5]]) { context, x, _ in
      context.lstmCell(gates: x[0], before: x[1]).out
    },
    GradientCase("reshape", inputs: [[2, 6]]) { context, x, _ in
      context.reshape(x[0], to: [3, 4])
    },
    GradientCase("slice and concatenate", inputs: [[3, 8], [3, 5]]) { context, x, _ in
      context.concatenate([context.slice(x[0], channels: 2..<6), x[1], x[0]])
    },
    GradientCase("embedding", inputs: [], parameters: [[6, 5]]) { context, _, p in
      context.embedding([0, 4, 4, 2], table: WeightWindow(p[0], outputs: 6, inputs: 5))
    },
    GradientCase("embedding window", inputs: [], parameters: [[7, 9]]) { context, _, p in
      context.embedding([3, 3, 3, 0, 5], table: WeightWindow(p[0], outputs: 6, inputs: 4))
    },
    GradientCase("slice of samples", inputs: [[5, 2, 3]]) { context, x, _ in
      context.add(context.slice(x[0], samples: 1..<4), context.slice(x[0], samples: 2..<5))
    },
    GradientCase("attention of a slice", inputs: [[2, 2, 2, 20]]) { context, x, _ in
      context.attention(context.slice(x[0], channels: 4..<16), heads: 1, headWidth: 4)
    },
    GradientCase("mean", inputs: [[4, 5]]) { context, x, _ in context.mean(x[0]) },
    GradientCase("sum of a deferred activation", inputs: [[4, 5]]) { context, x, _ in
      context.sum(context.activation(x[0], .swish))
    },
    GradientCase("sum of a window", inputs: [[4, 9]]) { context, x, _ in
      context.sum(context.slice(x[0], channels: 2..<7))
    },
    GradientCase("sum over channels", inputs: [[3, 4, 5]]) { context, x, _ in
      context.sumOverChannels(context.activation(x[0], .tanh))
    },
    GradientCase("sum over samples", inputs: [[5, 2, 3]]) { context, x, _ in
      context.sumOverSamples(context.activation(x[0], .tanh))
    },
    GradientCase("softmax", inputs: [[4, 9]]) { context, x, _ in
      context.softmax(x[0], scale: 1.5)
    },
    GradientCase("global average pool of swish", inputs: [[3, 4, 4, 7]]) { context, x, _ in
      context.globalAveragePool(context.activation(x[0], .swish))
    },
    GradientCase("average pool", inputs: [[2, 5, 5, 3]]) { context, x, _ in
      context.averagePool(x[0], size: 2, stride: 2)
    },
    // One window a channel, so that few pairs of values come close enough to change places.
    GradientCase("max pool", inputs: [[2, 2, 2, 2]], step: 1e-3) { context, x, _ in
      context.maxPool(x[0], size: 2, stride: 2)
    },
    GradientCase("gate", inputs: [[2, 3, 3, 6], [2, 6]]) { context, x, _ in
      context.gated(context.activation(x[0], .swish), by: context.activation(x[1], .sigmoid))
    },
    GradientCase("dropout", inputs: [[6, 9]]) { context, x, _ in
      context.dropout(x[0], rate: 0.4, stream: RandomStream(seed: 9))
    },
    GradientCase("drop-path", inputs: [[6, 3, 4]]) { context, x, _ in
      context.dropPath(x[0], rate: 0.4, stream: RandomStream(seed: 9))
    },
  ]

  static let losses: [GradientCase] = [
    GradientCase("cross-entropy", inputs: [[4, 6]]) { context, x, _ in
      context.crossEntropy(x[0], labels: [0, 5, 2, 2], smoothing: 0.1)
    },
    GradientCase("soft cross-entropy", inputs: [[3, 4]]) { context, x, _ in
      context.softCrossEntropy(
        x[0],
        target: Tensor(
          [0.1, 0.2, 0.3, 0.4, 1, 0, 0, 0, 0.25, 0.25, 0.25, 0.25], shape: [3, 4]))
    },
    GradientCase("kl divergence", inputs: [[3, 4]]) { context, x, _ in
      context.klDivergence(
        x[0], teacherLogits: GradientProbe.gaussian([3, 4], RandomStream(seed: 4)))
    },
    // Without its limits the alpha-divergence is what its gradient belongs to; the larger of both
    // values is the same one at either end of a difference.
    GradientCase("alpha divergence", inputs: [[3, 4]]) { context, x, _ in
      context.alphaDivergence(
        x[0], teacherLogits: GradientProbe.gaussian([3, 4], RandomStream(seed: 4)),
        AlphaDivergence(alphaMin: -0.5, alphaMax: 2, ratioClip: 1e6, gradientClip: 0))
    },
    GradientCase("sum of weighted losses", inputs: [[3, 4]]) { context, x, _ in
      let labels = context.crossEntropy(x[0], labels: [3, 0, 1])
      let teacher = context.klDivergence(
        x[0], teacherLogits: GradientProbe.gaussian([3, 4], RandomStream(seed: 4)))
      return context.add(context.scaled(labels, by: 0.3), teacher)
    },
  ]
}
