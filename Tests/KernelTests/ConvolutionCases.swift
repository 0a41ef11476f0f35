import CKernels

/// Float sums of up to some hundred products against sums in double.
private let productTolerance = Tolerance.scaled(1e-5)

extension KernelCase {
  /// Height, width, channels, kernel, stride.
  private static let maps = [
    (1, 1, 1, 1, 1), (5, 5, 16, 3, 1), (7, 6, 20, 3, 2), (8, 9, 33, 5, 1), (14, 14, 24, 5, 2),
    (9, 9, 40, 7, 1), (4, 3, 8, 7, 2), (14, 14, 96, 3, 1), (10, 13, 17, 3, 3),
  ]

  static let depthwise: [KernelCase] = maps.flatMap { height, width, channels, kernel, stride in
    let wide = channels + 3
    let taps = channels + 5
    let images = 2
    let pixels = images * height * width
    let outPixels = images * ((height - 1) / stride + 1) * ((width - 1) / stride + 1)
    let size = "\(height)x\(width)x\(channels) kernel \(kernel) stride \(stride)"
    let shape = kk_depthwise(
      height: height, width: width, channels: channels, kernel: kernel, stride: stride)
    return [KK_ACT_NONE, KK_ACT_HARDSWISH, KK_ACT_GELU].flatMap { activation in
      [
        KernelCase("depthwise \(size) activation \(activation.rawValue)") { arena in
          let x = arena.input(pixels, channels, stride: wide)
          let stored = arena.input(kernel * kernel, channels, stride: taps)
          let weight = kk_depthwise_weight(
            data: stored, tap_stride: taps, row_stride: taps * kernel)
          let transform = activation == KK_ACT_NONE ? nil : arena.transform(channels, activation)
          let scratch = arena.scratch(kk_depthwise_forward_scratch(shape))
          let y = arena.output("y", outPixels, channels, stride: wide + 1, productTolerance)
          let sums = arena.output("sums", channels, sumTolerance)
          let squares = arena.output("squares", channels, sumTolerance)
          kk_depthwise_forward(
            y, wide + 1, sums, squares, x, wide, transform, weight, nil, KK_ACT_NONE, shape, 0,
            images, scratch)
          let bias = arena.input(channels)
          let inference = arena.output("inference", outPixels, channels, productTolerance)
          kk_depthwise_forward(
            inference, channels, nil, nil, x, wide, transform, weight, bias, activation, shape, 0,
            images, scratch)
        },
        KernelCase("depthwise backward \(size) activation \(activation.rawValue)") { arena in
          let x = arena.input(pixels, channels, stride: wide)
          let g = arena.input(outPixels, channels, stride: wide + 2)
          let raw = arena.input(outPixels, channels)
          let stored = arena.input(kernel * kernel, channels, stride: taps)
          let weight = kk_depthwise_weight(
            data: stored, tap_stride: taps, row_stride: taps * kernel)
          let fused = activation != KK_ACT_NONE
          let transform = fused ? arena.transform(channels, activation) : nil
          let gradient = fused ? arena.gradient(channels, y: raw, stride: channels) : nil
          let scratch = arena.scratch(kk_depthwise_backward_scratch(shape))
          let dx = arena.output("dx", pixels, channels, stride: wide + 1, productTolerance)
          let sums = arena.output("sums", channels, sumTolerance)
          let products = arena.output("products", channels, sumTolerance)
          let dw = arena.output(
            "dw", kernel * kernel, channels, stride: taps, start: .gaussian, sumTolerance)
          kk_depthwise_backward(
            dx, wide + 1, sums, products, dw, taps, taps * kernel, g, wide + 2, gradient, x, wide,
            transform, weight, shape, 0, images, scratch)
          let only = arena.output(
            "dw alone", kernel * kernel, channels, start: .zero, sumTolerance)
          kk_depthwise_backward(
            nil, 0, nil, nil, only, channels, channels * kernel, g, wide + 2, gradient, x, wide,
            transform, weight, shape, 0, images, scratch)
        },
      ]
    }
  }

  /// A 3x3 window in the middle of stored 5x5 weights, and images in the middle of a batch.
  static let windows: [KernelCase] = [
    KernelCase("depthwise, window of the kernel, part of the batch") { arena in
      let (channels, stored) = (20, 24)
      let shape = kk_depthwise(height: 6, width: 7, channels: channels, kernel: 3, stride: 1)
      let x = arena.input(4 * 42, channels)
      let taps = arena.input(25, stored)
      let weight = kk_depthwise_weight(
        data: taps + 6 * stored, tap_stride: stored, row_stride: 5 * stored)
      let scratch = arena.scratch(kk_depthwise_forward_scratch(shape))
      let y = arena.output("y", 4 * 42, channels, start: .zero, productTolerance)
      kk_depthwise_forward(
        y, channels, nil, nil, x, channels, nil, weight, nil, KK_ACT_NONE, shape, 1, 3, scratch)
      let dw = arena.output("dw", 25, stored, start: .zero, sumTolerance)
      let backward = arena.scratch(kk_depthwise_backward_scratch(shape))
      kk_depthwise_backward(
        nil, 0, nil, nil, dw + 6 * stored, stored, 5 * stored, y, channels, nil, x, channels, nil,
        weight, shape, 1, 3, backward)
    }
  ]

  /// Rows, inputs, outputs.
  private static let products = [
    (1, 1, 1), (7, 5, 3), (96, 16, 64), (33, 17, 70), (200, 144, 24), (13, 300, 50), (97, 24, 144),
  ]

  static let pointwise: [KernelCase] = products.flatMap { rows, inputs, outputs in
    let wideIn = inputs + 3
    let wideOut = outputs + 3
    let size = "\(rows)x\(inputs)x\(outputs)"
    return [KK_ACT_NONE, KK_ACT_HARDSWISH, KK_ACT_GELU].flatMap { activation in
      [
        KernelCase("pointwise \(size) activation \(activation.rawValue)") { arena in
          let x = arena.input(rows, inputs, stride: wideIn)
          let weight = arena.input(outputs, inputs, stride: wideIn)
          let packed = arena.scratch(kk_packed_floats(inputs, outputs))
          kk_gemm_pack(packed, weight, wideIn, inputs, outputs, 1)
          let scratch = arena.scratch(kk_pointwise_scratch_floats(inputs, outputs))
          let transform = activation == KK_ACT_NONE ? nil : arena.transform(inputs, activation)
          let y = arena.output("y", rows, outputs, stride: wideOut, productTolerance)
          let sums = arena.output("sums", outputs, sumTolerance)
          let squares = arena.output("squares", outputs, sumTolerance)
          kk_pointwise_forward(
            y, sums, squares, x, packed, rows, inputs, outputs, wideOut, wideIn, transform, nil,
            scratch)
          let before = arena.input(rows, outputs)
          let after = arena.input(rows, outputs, stride: wideOut)
          let output = arena.hold(
            kk_output(
              bias: arena.input(outputs), activation: activation, before: before,
              before_stride: outputs, after: after, after_stride: wideOut))
          let full = arena.output("with epilogue", rows, outputs, productTolerance)
          kk_pointwise_forward(
            full, nil, nil, x, packed, rows, inputs, outputs, outputs, wideIn, transform, output,
            scratch)
        },
        KernelCase("pointwise backward \(size) activation \(activation.rawValue)") { arena in
          let x = arena.input(rows, inputs, stride: wideIn)
          let g = arena.input(rows, outputs, stride: wideOut)
          let raw = arena.input(rows, outputs)
          let add = arena.input(rows, inputs)
          let weight = arena.input(outputs, inputs, stride: wideIn)
          let packed = arena.scratch(kk_packed_floats(outputs, inputs))
          kk_gemm_pack(packed, weight, wideIn, outputs, inputs, 0)
          let fused = activation != KK_ACT_NONE
          let transform = fused ? arena.transform(inputs, activation) : nil
          let gradient = fused ? arena.gradient(outputs, y: raw, stride: outputs) : nil
          let scratch = arena.scratch(kk_pointwise_backward_scratch_floats(inputs, outputs))
          let dx = arena.output("dx", rows, inputs, stride: wideIn, productTolerance)
          let sums = arena.output("sums", inputs, sumTolerance)
          let products = arena.output("products", inputs, sumTolerance)
          let dw = arena.output(
            "dw", outputs, inputs, stride: wideIn, start: .gaussian, sumTolerance)
          let dbias = arena.output("dbias", outputs, start: .gaussian, sumTolerance)
          kk_pointwise_backward(
            dx, sums, products, dw, dbias, g, x, packed, fused ? add : nil, rows, inputs, outputs,
            wideIn, wideIn, wideOut, wideIn, inputs, gradient, transform, scratch)
          let only = arena.output("dw alone", outputs, inputs, start: .zero, sumTolerance)
          kk_pointwise_backward(
            nil, nil, nil, only, nil, g, x, nil, nil, rows, inputs, outputs, 0, inputs, wideOut,
            wideIn, 0, gradient, transform, scratch)
        },
      ]
    }
  }
}
