import Kirchhoff
import Tensor

/// The convolutions of the peers' kernel script: same names, shapes and counts.
enum ConvolutionCases {
  private struct Layer {
    let name: String
    let inputs: Int
    let outputs: Int
    let size: Int
    let stride: Int
    let isDepthwise: Bool
    let side: Int
  }

  private static let layers: [Layer] = [
    Layer(
      name: "dense3x3.16-32", inputs: 16, outputs: 32, size: 3, stride: 1, isDepthwise: false,
      side: 32),
    Layer(
      name: "dense3x3.32-64", inputs: 32, outputs: 64, size: 3, stride: 1, isDepthwise: false,
      side: 16),
    Layer(
      name: "dense3x3s2.16-32", inputs: 16, outputs: 32, size: 3, stride: 2, isDepthwise: false,
      side: 32),
    Layer(
      name: "stem3x3.3-16", inputs: 3, outputs: 16, size: 3, stride: 1, isDepthwise: false, side: 32
    ),
    Layer(
      name: "dw3x3.96", inputs: 96, outputs: 96, size: 3, stride: 1, isDepthwise: true, side: 16),
    Layer(
      name: "dw5x5.96", inputs: 96, outputs: 96, size: 5, stride: 1, isDepthwise: true, side: 16),
    Layer(
      name: "dw3x3.192", inputs: 192, outputs: 192, size: 3, stride: 1, isDepthwise: true, side: 16),
    Layer(
      name: "dw5x5.192", inputs: 192, outputs: 192, size: 5, stride: 1, isDepthwise: true, side: 16),
    Layer(
      name: "dw5x5s2.192", inputs: 192, outputs: 192, size: 5, stride: 2, isDepthwise: true,
      side: 16),
    Layer(
      name: "pw1x1.24-144", inputs: 24, outputs: 144, size: 1, stride: 1, isDepthwise: false,
      side: 16),
    Layer(
      name: "pw1x1.144-24", inputs: 144, outputs: 24, size: 1, stride: 1, isDepthwise: false,
      side: 16),
    Layer(
      name: "pw1x1.96-192", inputs: 96, outputs: 192, size: 1, stride: 1, isDepthwise: false,
      side: 16),
  ]

  static let all: [BenchmarkCase] = layers.flatMap { layer in
    [64, 128].flatMap { batch in cases(layer, batch: batch) }
  }

  private static func cases(_ layer: Layer, batch: Int) -> [BenchmarkCase] {
    let out = (layer.side - 1) / layer.stride + 1
    let taps = layer.size * layer.size
    let each = layer.isDepthwise ? taps : taps * layer.inputs
    let operations = 2.0 * Double(batch * out * out * layer.outputs * each)
    // Weight gradients sum over up to 131,072 pixels in float32.
    return BenchmarkCase.pair(
      "conv.\(layer.name)@\(layer.side).b\(batch).nhwc.f32", unit: "GFLOP/s",
      forwardWork: operations * 1e-9, operations: operations, backwardFactor: 3, tolerance: 1e-4
    ) { bench(layer, batch: batch) }
  }

  private static func bench(_ layer: Layer, batch: Int) -> OperationBench {
    let image: Shape = [batch, layer.side, layer.side, layer.inputs]
    if layer.isDepthwise {
      return OperationBench(
        inputs: [image],
        parameters: [([layer.size, layer.size, layer.inputs], 0.05)]
      ) { context, x, p in
        context.depthwise(
          x[0],
          weight: KernelWindow(depthwise: p[0], channels: layer.inputs, size: layer.size),
          stride: layer.stride)
      }
    }
    if layer.size == 1 {
      return OperationBench(inputs: [image], parameters: [([layer.outputs, layer.inputs], 0.05)]) {
        context, x, p in
        context.pointwise(
          x[0], weight: WeightWindow(p[0], outputs: layer.outputs, inputs: layer.inputs))
      }
    }
    return OperationBench(
      inputs: [image],
      parameters: [([layer.outputs, layer.size, layer.size, layer.inputs], 0.05)]
    ) { context, x, p in
      context.convolution(
        x[0],
        weight: KernelWindow(
          dense: p[0], outputs: layer.outputs, inputs: layer.inputs, size: layer.size),
        stride: layer.stride)
    }
  }
}
