import CKernels
import Kirchhoff
import Tensor

/// Norms, activations and random numbers: memory is the limit.
enum ElementwiseCases {
  static let all: [BenchmarkCase] = norms + activations + random

  private static func elements(
    _ name: String, _ shape: Shape, tolerance: Double = 1e-5,
    parameters: [(shape: Shape, deviation: Float)] = [], normChannels: Int = 0,
    forward: @escaping @Sendable (Context, [Variable], [Parameter]) -> Variable
  ) -> [BenchmarkCase] {
    let parameters = parameters
    return BenchmarkCase.pair(
      name, unit: "Melem/s", forwardWork: Double(shape.count) * 1e-6, operations: 0,
      backwardFactor: 1, tolerance: tolerance
    ) {
      OperationBench(
        inputs: [shape], parameters: parameters, normChannels: normChannels, forward: forward)
    }
  }

  private static let norms: [BenchmarkCase] =
    elements("layernorm.4096x128", [4096, 128], parameters: [([128], 0), ([128], 0)]) {
      context, x, p in
      context.layerNorm(
        x[0], gamma: VectorWindow(p[0], count: 128), beta: VectorWindow(p[1], count: 128))
    }
    + elements("softmax.16384x64", [16384, 64]) { context, x, _ in context.softmax(x[0]) }
    // Gradients through a batch norm cancel to a part of their terms.
    + elements(
      "batchnorm_train.64x96x16x16.nhwc", [64, 16, 16, 96], tolerance: 1e-4,
      parameters: [([96], 0), ([96], 0)], normChannels: 96
    ) { context, x, p in
      context.batchNorm(
        x[0], gamma: VectorWindow(p[0], count: 96), beta: VectorWindow(p[1], count: 96),
        slot: NormSlot(offset: 0, channels: 96))
    }

  private static let activations: [BenchmarkCase] =
    elements("gelu.4096x512", [4096, 512]) { context, x, _ in context.activation(x[0], .gelu) }
    + elements("gelu_tanh.4096x512", [4096, 512]) { context, x, _ in
      context.activation(x[0], .geluTanh)
    }
    + elements("hardswish.64x96x16x16", [64, 16, 16, 96]) { context, x, _ in
      context.activation(x[0], .hardSwish)
    }
    + elements("relu.64x96x16x16", [64, 16, 16, 96]) { context, x, _ in
      context.activation(x[0], .relu)
    }

  private static let random: [BenchmarkCase] = [true, false].map { gaussian in
    let count = 1 << 20
    return BenchmarkCase(
      gaussian ? "randn.1M" : "rand.1M", unit: "Msamples/s", work: Double(count) * 1e-6,
      bytes: Double(count * 4)
    ) {
      let target = Tensor(shape: [count])
      let stream = RandomStream(seed: 1)
      func fill() {
        if gaussian {
          stream.fillGaussian(target.pointer, count: count)
        } else {
          stream.fillUniform(target.pointer, count: count)
        }
      }
      return BenchmarkCase.Prepared(
        verify: {
          fill()
          let kind = kk_isa()
          let fast = target.copy()
          kk_isa_set(KK_ISA_REFERENCE)
          fill()
          kk_isa_set(kind)
          // Bit for bit: the same numbers on every instruction set.
          return BenchmarkCase.Verification(
            error: fast.hasSameBits(as: target) ? 0 : 1, tolerance: 0)
        }, run: fill)
    }
  }
}
