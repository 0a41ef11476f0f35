import CKernels

/// Float sums over the pixels of an image, and an activation.
private let poolTolerance = Tolerance.scaled(1e-5)

/// Polynomials with weights up to two, added in another order.
private let resizeTolerance = Tolerance.scaled(2e-6)

extension KernelCase {
  private static let imageShapes = [(1, 1, 5), (2, 9, 16), (3, 49, 33), (2, 20, 100)]

  static let pooling: [KernelCase] = imageShapes.flatMap { images, pixels, channels in
    let wide = channels + 3
    let rows = images * pixels
    let size = "\(images)x\(pixels)x\(channels)"
    return [KK_ACT_NONE, KK_ACT_RELU, KK_ACT_SWISH].flatMap { activation in
      [
        KernelCase("global pool \(size) activation \(activation.rawValue)") { arena in
          let x = arena.input(rows, channels, stride: wide)
          let input = activation == KK_ACT_NONE ? nil : arena.transform(channels, activation)
          let y = arena.output("y", images, channels, stride: wide + 1, poolTolerance)
          kk_global_pool_forward(y, wide + 1, x, wide, input, pixels, channels, 0, images)
          let dy = arena.input(images, channels, stride: wide)
          let dx = arena.output("dx", rows, channels, poolTolerance)
          let sums = arena.output("sums", channels, sumTolerance)
          let products = arena.output("products", channels, sumTolerance)
          kk_global_pool_backward(
            dx, channels, sums, products, dy, wide, x, wide, input, pixels, channels, 0, images)
        },
        KernelCase("gate \(size) activation \(activation.rawValue)") { arena in
          let x = arena.input(rows, channels, stride: wide)
          let gate = arena.input(images, channels, stride: wide + 1, in: 0...1)
          let input = activation == KK_ACT_NONE ? nil : arena.transform(channels, activation)
          let y = arena.output("y", rows, channels, stride: wide + 2, poolTolerance)
          kk_gate_forward(
            y, wide + 2, x, wide, input, gate, wide + 1, pixels, channels, 0, images)
          let dy = arena.input(rows, channels)
          let dgate = arena.output("dgate", images, channels, stride: wide, sumTolerance)
          kk_gate_backward_gate(
            dgate, wide, dy, channels, x, wide, input, pixels, channels, 0, images)
          let pooled = arena.input(images, channels)
          for dpool in [pooled, nil] {
            let dx = arena.output("dx", rows, channels, stride: wide, poolTolerance)
            let sums = arena.output("sums", channels, sumTolerance)
            let products = arena.output("products", channels, sumTolerance)
            kk_gate_backward_input(
              dx, wide, sums, products, dy, channels, gate, wide + 1, dpool, channels, x, wide,
              input, pixels, channels, 0, images)
          }
        },
      ]
    }
  }

  /// Height, width, channels, kernel, stride, padding.
  private static let windowedPools = [
    (5, 6, 7, 2, 2, 0), (7, 7, 20, 3, 1, 1), (9, 8, 33, 3, 2, 1), (6, 6, 16, 5, 1, 2),
    (4, 4, 8, 1, 1, 0), (6, 4, 19, 2, 2, 0), (6, 9, 4, 3, 3, 0),
  ]

  static let localPooling: [KernelCase] = windowedPools.flatMap {
    height, width, channels, kernel, stride, padding in
    [KK_POOL_AVERAGE, KK_POOL_MAX].map { kind in
      let size = "\(height)x\(width)x\(channels) kernel \(kernel) stride \(stride)"
      return KernelCase("\(kind == KK_POOL_MAX ? "max" : "average") pool \(size)") { arena in
        let (images, wide) = (2, channels + 3)
        let pool = kk_pool(
          height: height, width: width, channels: channels, kernel: kernel, stride: stride,
          padding: padding, kind: kind)
        let outHeight = (height + 2 * padding - kernel) / stride + 1
        let outWidth = (width + 2 * padding - kernel) / stride + 1
        let outRows = images * outHeight * outWidth
        let x = arena.input(images * height * width, channels, stride: wide)
        let input = arena.transform(channels, KK_ACT_HARDSWISH)
        let y = arena.output("y", outRows, channels, stride: wide + 1, poolTolerance)
        kk_pool_forward(y, wide + 1, x, wide, input, pool, 0, images)
        let dy = arena.input(outRows, channels)
        let dx = arena.output("dx", images * height * width, channels, stride: wide, poolTolerance)
        let sums = arena.output("sums", channels, sumTolerance)
        let products = arena.output("products", channels, sumTolerance)
        kk_pool_backward(
          dx, wide, sums, products, dy, channels, x, wide, input, pool, 0, images)
        // Without sums, windows side by side have a pass of their own.
        let alone = arena.output(
          "dx alone", images * height * width, channels, stride: wide, poolTolerance)
        kk_pool_backward(
          alone, wide, nil, nil, dy, channels, x, wide, input, pool, 0, images)
      }
    }
  }

  private static let sizes = [
    (5, 7, 1, 9, 4), (6, 6, 3, 12, 12), (28, 28, 3, 20, 24), (4, 5, 17, 4, 5),
  ]

  static let resizing: [KernelCase] = sizes.flatMap {
    height, width, channels, newHeight, newWidth in
    [KK_RESIZE_NEAREST, KK_RESIZE_BILINEAR, KK_RESIZE_BICUBIC].map { kind in
      KernelCase(
        "resize \(kind.rawValue) \(height)x\(width)x\(channels) to \(newHeight)x\(newWidth)"
      ) { arena in
        let x = arena.input(2 * height * width, channels)
        let y = arena.output("y", 2 * newHeight * newWidth, channels, resizeTolerance)
        let scratch = arena.scratch(kk_resize_scratch(width, channels, newWidth))
        kk_resize_forward(
          y, x, kind, height, width, channels, newHeight, newWidth, 0, 2, scratch)
      }
    }
  }
}
