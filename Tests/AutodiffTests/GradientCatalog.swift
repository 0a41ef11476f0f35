import Autodiff
import Runtime
import Tensor

/// Every primitive, with odd sizes, windows, strides and deferred transforms.
enum GradientCatalog {
  static let all: [GradientCase] = linear + convolutions + norms + attention + structure + losses

  static let linear: [GradientCase] = [
    GradientCase("pointwise with bias", inputs: [[2, 3, 3, 5]], parameters: [[9, 5], [9]]) {
      context, x, p in
      context.pointwise(
        x[0], weight: WeightWindow(p[0], outputs: 9, inputs: 5), bias: VectorWindow(p[1], count: 9))
    },
    GradientCase("pointwise window", inputs: [[7, 17]], parameters: [[40, 24], [40]]) {
      context, x, p in
      context.pointwise(
        x[0], weight: WeightWindow(p[0], outputs: 33, inputs: 17),
        bias: VectorWindow(p[1], count: 33))
    },
    GradientCase("stacked windows", inputs: [[6, 10]], parameters: [[3, 8, 12], [3, 8]]) {
      context, x, p in
      context.pointwise(
        x[0], weight: WeightWindow(p[0], outputs: 18, inputs: 10, blocks: 3),
        bias: VectorWindow(p[1], count: 18, blocks: 3))
    },
    GradientCase(
      "mlp with deferred gelu", inputs: [[5, 12]], parameters: [[20, 12], [20], [12, 20], [12]]
    ) { context, x, p in
      let up = context.pointwise(
        x[0], weight: WeightWindow(p[0], outputs: 20, inputs: 12),
        bias: VectorWindow(p[1], count: 20))
      let down = context.pointwise(
        context.activation(up, .gelu), weight: WeightWindow(p[2], outputs: 12, inputs: 20),
        bias: VectorWindow(p[3], count: 12))
      return context.add(x[0], down)
    },
  ]

  static let convolutions: [GradientCase] = {
    var cases: [GradientCase] = []
    for (size, stride) in [(1, 1), (1, 2), (3, 1), (3, 2), (5, 1), (5, 2), (7, 1), (7, 3)] {
      cases.append(
        GradientCase(
          "dense \(size)x\(size) stride \(stride)", inputs: [[2, 7, 6, 5]],
          parameters: [[10, 7, 7, 6], [10]]
        ) { context, x, p in
          context.convolution(
            x[0], weight: KernelWindow(dense: p[0], outputs: 9, inputs: 5, size: size),
            bias: VectorWindow(p[1], count: 9), stride: stride)
        })
      cases.append(
        GradientCase(
          "depthwise \(size)x\(size) stride \(stride)", inputs: [[2, 7, 6, 19]],
          parameters: [[7, 7, 24]]
        ) { context, x, p in
          context.depthwise(
            x[0], weight: KernelWindow(depthwise: p[0], channels: 19, size: size), stride: stride)
        })
    }
    for (size, stride, groups) in [(1, 1, 2), (3, 1, 4), (3, 2, 2), (5, 3, 4), (7, 2, 4)] {
      cases.append(
        GradientCase(
          "grouped \(size)x\(size) stride \(stride), \(groups) groups", inputs: [[2, 7, 6, 12]],
          parameters: [[8, 7, 7, 12 / groups], [8]]
        ) { context, x, p in
          context.convolution(
            x[0], weight: KernelWindow(dense: p[0], outputs: 8, inputs: 12 / groups, size: size),
            bias: VectorWindow(p[1], count: 8), stride: stride, groups: groups)
        })
    }
    return cases
  }()

  static let norms: [GradientCase] = {
    var cases: [GradientCase] = []
    for activation in ActivationFunction.allCases {
      // Differences across the kinks of relu and the hard functions are no gradients: those are
      // checked alone, with inputs that stay away from them.
      let kinks: [ActivationFunction] = [.relu, .hardSwish, .hardSigmoid]
      if kinks.contains(activation) {
        cases.append(
          GradientCase(activation.rawValue, inputs: [[2, 3]], step: 1e-3) { context, x, _ in
            context.materialized(context.activation(x[0], activation))
          })
        continue
      }
      cases.append(
        GradientCase(
          "conv, batch norm, \(activation.rawValue), depthwise, batch norm, pointwise, residual",
          inputs: [[3, 5, 5, 6]],
          parameters: [[18, 6], [18], [18], [3, 3, 18], [18], [18], [6, 18], [6], [6]],
          normChannels: 42
        ) { context, x, p in
          var y = context.pointwise(
            x[0], weight: WeightWindow(p[0], outputs: 18, inputs: 6), forNorm: true)
          y = context.batchNorm(
            y, gamma: VectorWindow(p[1], count: 18), beta: VectorWindow(p[2], count: 18),
            slot: NormSlot(offset: 0, channels: 18), activation: activation)
          y = context.depthwise(
            y, weight: KernelWindow(depthwise: p[3], channels: 18, size: 3), forNorm: true)
          y = context.batchNorm(
            y, gamma: VectorWindow(p[4], count: 18), beta: VectorWindow(p[5], count: 18),
            slot: NormSlot(offset: 18, channels: 18), activation: activation)
          y = context.pointwise(
            y, weight: WeightWindow(p[6], outputs: 6, inputs: 18), forNorm: true)
          y = context.batchNorm(
            y, gamma: VectorWindow(p[7], count: 6), beta: VectorWindow(p[8], count: 6),
            slot: NormSlot(offset: 36, channels: 6))
          return context.add(x[0], y)
        })
    }
    cases += [
      GradientCase(
        "batch norm of an input, materialized", inputs: [[4, 3, 7]], parameters: [[7], [7]],
        normChannels: 7
      ) { context, x, p in
        context.batchNorm(
          x[0], gamma: VectorWindow(p[0], count: 7), beta: VectorWindow(p[1], count: 7),
          slot: NormSlot(offset: 0, channels: 7), activation: .swish)
      },
      GradientCase(
        "dense conv, batch norm, dense conv", inputs: [[2, 6, 6, 3]],
        parameters: [[8, 3, 3, 3], [8], [8], [5, 3, 3, 8]], normChannels: 8
      ) { context, x, p in
        var y = context.convolution(
          x[0], weight: KernelWindow(dense: p[0], outputs: 8, inputs: 3, size: 3), forNorm: true)
        y = context.batchNorm(
          y, gamma: VectorWindow(p[1], count: 8), beta: VectorWindow(p[2], count: 8),
          slot: NormSlot(offset: 0, channels: 8), activation: .swish)
        return context.convolution(
          y, weight: KernelWindow(dense: p[3], outputs: 5, inputs: 8, size: 3), stride: 2)
      },
      GradientCase("layer norm", inputs: [[2, 5, 21]], parameters: [[24], [24]]) { context, x, p in
        context.layerNorm(
          x[0], gamma: VectorWindow(p[0], count: 21), beta: VectorWindow(p[1], count: 21))
      },
      GradientCase("joint layer norm", inputs: [[3, 5, 9]], parameters: [[9], [9]]) {
        context, x, p in
        context.layerNorm(
          x[0], gamma: VectorWindow(p[0], count: 9), beta: VectorWindow(p[1], count: 9),
          joint: true)
      },
    ]
    return cases
  }()

  static let attention: [GradientCase] = [
    GradientCase("attention", inputs: [[2, 3, 3, 72]]) { context, x, _ in
      context.attention(x[0], heads: 3, headWidth: 8)
    },
    GradientCase(
      "attention with positions and wide values", inputs: [[2, 2, 2, 24], [2, 2, 2, 48]],
      parameters: [[2, 25]]
    ) { context, x, p in
      context.attention(
        x[0].dropping(8, in: context), values: x[1], heads: 2, headWidth: 4, valueWidth: 24,
        positions: RelativePositions(table: p[0], gridSide: 3))
    },
    GradientCase(
      "talking heads", inputs: [[2, 2, 2, 36]], parameters: [[4, 4], [4, 4], [4]]
    ) { context, x, p in
      context.attention(
        x[0], heads: 3, headWidth: 4,
        mixing: HeadMixing(
          before: WeightWindow(p[0], outputs: 3, inputs: 3),
          after: HeadMixing.Map(
            weight: WeightWindow(p[1], outputs: 3, inputs: 3),
            bias: VectorWindow(p[2], count: 3))))
    },
  ]
}

extension Variable {
  /// The variable without its last channels.
  func dropping(_ channels: Int, in context: Context) -> Variable {
    context.concatenate([context.slice(self, channels: 0..<shape.channels - channels)])
  }
}
