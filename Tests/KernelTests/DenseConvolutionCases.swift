import CKernels

/// Float sums of up to some hundred products against sums in double.
private let convolutionTolerance = Tolerance.scaled(1e-5)

extension KernelCase {
  private struct Map {
    let height: Int
    let width: Int
    let input: Int
    let output: Int
    var groups = 1
    var kernel = 3
    var stride = 1

    var text: String {
      "\(height)x\(width)x\(input) to \(output) kernel \(kernel) stride \(stride) groups \(groups)"
    }
  }

  private static let maps = [
    Map(height: 1, width: 1, input: 1, output: 1), Map(height: 5, width: 6, input: 3, output: 17),
    Map(height: 9, width: 7, input: 8, output: 16, stride: 2),
    Map(height: 6, width: 5, input: 20, output: 33, kernel: 5),
    Map(height: 8, width: 8, input: 12, output: 24, groups: 4),
    Map(height: 7, width: 9, input: 6, output: 10, groups: 2, kernel: 5, stride: 2),
    Map(height: 11, width: 11, input: 3, output: 16, kernel: 7, stride: 2),
    Map(height: 14, width: 14, input: 32, output: 48),
    Map(height: 6, width: 6, input: 16, output: 24, kernel: 1, stride: 2),
    Map(height: 8, width: 8, input: 3, output: 20, kernel: 4, stride: 4),
  ]

  static let convolution: [KernelCase] = maps.flatMap { map in
    [KK_ACT_NONE, KK_ACT_HARDSWISH, KK_ACT_GELU].flatMap { activation in
      let fused = activation != KK_ACT_NONE
      let images = 2
      let (wideIn, wideOut) = (map.input + 3, map.output + 3)
      let row = map.kernel * (map.input / map.groups) + 2
      let shape = kk_convolution(
        height: map.height, width: map.width, in: map.input, out: map.output, groups: map.groups,
        kernel_height: map.kernel, kernel_width: map.kernel, stride_height: map.stride,
        stride_width: map.stride, padding_height: map.kernel / 2, padding_width: map.kernel / 2,
        x_stride: wideIn, y_stride: wideOut, weight_out: map.kernel * row, weight_row: row,
        weight_column: map.input / map.groups)
      let pixels = images * map.height * map.width
      return [
        KernelCase("convolution \(map.text) activation \(activation.rawValue)") { arena in
          let c = arena.hold(shape)
          let outPixels =
            images * kk_convolution_output_height(c) * kk_convolution_output_width(c)
          let x = arena.input(pixels, map.input, stride: wideIn)
          let weight = arena.input(map.output * map.kernel, row - 2, stride: row)
          let packed = arena.scratch(kk_convolution_packed_floats(c))
          kk_convolution_pack(packed, weight, c)
          let transform = fused ? arena.transform(map.input, activation) : nil
          let scratch = arena.scratch(kk_convolution_scratch_floats(c))
          let y = arena.output("y", outPixels, map.output, stride: wideOut, convolutionTolerance)
          let sums = arena.output("sums", map.output, sumTolerance)
          let squares = arena.output("squares", map.output, sumTolerance)
          let bands = images * kk_convolution_bands(c)
          kk_convolution_forward(
            y, sums, squares, x, packed, 0, bands, c, transform, nil, scratch)
          let residual = arena.input(outPixels, map.output)
          let output = arena.hold(
            kk_output(
              bias: arena.input(map.output), activation: activation, before: nil, before_stride: 0,
              after: residual, after_stride: map.output))
          let full = arena.output(
            "with epilogue", outPixels, map.output, stride: wideOut, convolutionTolerance)
          kk_convolution_forward(
            full, nil, nil, x, packed, 0, bands, c, transform, output, scratch)
        },
        KernelCase("convolution backward \(map.text) activation \(activation.rawValue)") { arena in
          let c = arena.hold(shape)
          let outPixels =
            images * kk_convolution_output_height(c) * kk_convolution_output_width(c)
          let x = arena.input(pixels, map.input, stride: wideIn)
          let g = arena.input(outPixels, map.output)
          let raw = arena.input(outPixels, map.output, stride: wideOut)
          let add = fused ? arena.input(pixels, map.input) : nil
          let weight = arena.input(map.output * map.kernel, row - 2, stride: row)
          let packed = arena.scratch(kk_convolution_backward_packed_floats(c))
          kk_convolution_backward_pack(packed, weight, c)
          let transform = fused ? arena.transform(map.input, activation) : nil
          let gradient = fused ? arena.gradient(map.output, y: raw, stride: wideOut) : nil
          let scratch = arena.scratch(kk_convolution_backward_scratch_floats(c))
          let bands = images * kk_convolution_backward_bands(c)
          let dx = arena.output("dx", pixels, map.input, stride: wideIn, convolutionTolerance)
          let sums = arena.output("sums", map.input, sumTolerance)
          let products = arena.output("products", map.input, sumTolerance)
          let dw = arena.output(
            "dw", map.output * map.kernel, row - 2, stride: row, start: .gaussian, sumTolerance)
          let dbias = arena.output("dbias", map.output, start: .gaussian, sumTolerance)
          kk_convolution_backward(
            dx, sums, products, dw, dbias, g, x, packed, add, 0, bands, wideIn, map.output,
            map.input, c, gradient, transform, scratch)
          let only = arena.output(
            "dw alone", map.output * map.kernel, row - 2, stride: row, start: .zero, sumTolerance)
          kk_convolution_backward(
            nil, nil, nil, only, nil, g, x, nil, nil, 0, bands, 0, map.output, 0, c, gradient,
            transform, scratch)
        },
      ]
    }
  }
}
