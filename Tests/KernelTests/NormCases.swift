import CKernels

/// The statistics are float sums over the group, blocked or centred.
private let normTolerance = Tolerance.scaled(1e-5)

extension KernelCase {
  /// Groups, tokens, channels.
  private static let groupShapes = [(1, 1, 7), (5, 1, 16), (3, 1, 100), (2, 7, 33), (3, 16, 64)]

  static let layerNorm: [KernelCase] = groupShapes.flatMap { groups, tokens, channels in
    let rows = groups * tokens
    let wide = channels + 3
    let size = "\(groups)x\(tokens)x\(channels)"
    return [
      KernelCase("layer norm \(size)") { arena in
        let x = arena.input(rows, channels, stride: wide)
        let gamma = arena.input(channels)
        let beta = arena.input(channels)
        let y = arena.output("y", rows, channels, stride: wide + 1, normTolerance)
        let mean = arena.output("mean", groups, normTolerance)
        let rstd = arena.output("rstd", groups, normTolerance)
        kk_layer_norm(
          y, mean, rstd, x, gamma, beta, groups, tokens, channels, wide + 1, wide, 1e-5)
      },
      KernelCase("layer norm of a residual \(size)") { arena in
        let x = arena.input(rows, channels, stride: wide)
        let f = arena.input(rows, channels)
        let (scale, gamma, beta) = (
          arena.input(channels), arena.input(channels), arena.input(channels)
        )
        for factors in [scale, nil] {
          let y = arena.output("y", rows, channels, stride: wide + 1, normTolerance)
          let h = arena.output("h", rows, channels, stride: wide, normTolerance)
          let mean = arena.output("mean", groups, normTolerance)
          let rstd = arena.output("rstd", groups, normTolerance)
          kk_layer_norm_residual(
            y, h, mean, rstd, x, f, factors, gamma, beta, groups, tokens, channels, wide + 1, wide,
            wide, channels, 0.7, 1e-5)
        }
      },
      KernelCase("layer norm backward \(size)") { arena in
        let x = arena.input(rows, channels, stride: wide)
        let dy = arena.input(rows, channels)
        let add = arena.input(rows, channels, stride: wide + 2)
        let mean = arena.input(groups, in: -0.1...0.1)
        let rstd = arena.input(groups, in: 0.8...1.2)
        let gamma = arena.input(channels)
        for residual in [add, nil] {
          let dx = arena.output("dx", rows, channels, stride: wide, normTolerance)
          let dgamma = arena.output("dgamma", channels, start: .gaussian, normTolerance)
          let dbeta = arena.output("dbeta", channels, start: .gaussian, normTolerance)
          kk_layer_norm_backward(
            dx, dgamma, dbeta, dy, residual, x, mean, rstd, gamma, groups, tokens, channels, wide,
            channels, wide + 2, wide)
        }
      },
    ]
  }

  static let batchNorm: [KernelCase] = rowShapes.flatMap { rows, channels in
    let wide = channels + 3
    let size = "\(rows)x\(channels)"
    return [
      KernelCase("batch norm statistics \(size)") { arena in
        let x = arena.input(rows, channels, stride: wide)
        let sums = arena.output("sums", channels, sumTolerance)
        let squares = arena.output("squares", channels, sumTolerance)
        kk_batchnorm_statistics(sums, squares, x, wide, channels, 0, rows)
      },
      KernelCase("batch norm coefficients \(size)") { arena in
        let sums = arena.input(3, channels, stride: wide)
        let squares = arena.input(3, channels, stride: wide, in: 50...90)
        let gamma = arena.input(channels)
        let beta = arena.input(channels)
        let mean = arena.doubleOutput("mean", channels, .relative(1e-12))
        let variance = arena.doubleOutput("variance", channels, .relative(1e-12))
        kk_batchnorm_moments(mean, variance, sums, squares, wide, 3, 40, channels)
        let scale = arena.output("scale", channels, .relative(1e-6))
        let shift = arena.output("shift", channels, .scaled(1e-6))
        let inverse = arena.output("inverse", channels, .relative(1e-6))
        kk_batchnorm_affine(scale, shift, inverse, mean, variance, gamma, beta, 1e-5, channels)
        let runningMean = arena.output("running mean", channels, start: .gaussian, .scaled(1e-6))
        let runningVariance = arena.output("running", channels, start: .gaussian, .scaled(1e-6))
        kk_batchnorm_running(runningMean, runningVariance, mean, variance, 40, 0.1, channels)
        let a = arena.output("a", channels, .scaled(1e-6))
        let b = arena.output("b", channels, .scaled(1e-6))
        let c = arena.output("c", channels, .scaled(1e-6))
        let dgamma = arena.output("dgamma", channels, start: .gaussian, .scaled(1e-5))
        let dbeta = arena.output("dbeta", channels, start: .gaussian, .scaled(1e-5))
        kk_batchnorm_gradient_coefficients(
          a, b, c, dgamma, dbeta, sums, squares, wide, 3, mean, inverse, gamma, 40, channels)
      },
    ]
      + activations.map { name, activation in
        KernelCase("batch norm apply \(name) \(size)") { arena in
          let x = arena.input(rows, channels, stride: wide)
          let residual = arena.input(rows, channels)
          let input = arena.transform(channels, activation)
          let y = arena.output("y", rows, channels, stride: wide + 1, normTolerance)
          kk_batchnorm_apply(
            y, wide + 1, x, wide, input, residual, channels, input, channels, 0, rows)
          let plain = arena.output("plain", rows, channels, normTolerance)
          kk_batchnorm_apply(plain, channels, x, wide, input, nil, 0, nil, channels, 0, rows)
          let dy = arena.input(rows, channels, stride: wide)
          let g = arena.output("g", rows, channels, normTolerance)
          let sums = arena.output("sums", channels, sumTolerance)
          let products = arena.output("products", channels, sumTolerance)
          kk_batchnorm_gradient_sums(
            g, channels, sums, products, dy, wide, x, wide, input, channels, 0, rows)
          let gradient = arena.gradient(channels, y: x, stride: wide)
          let d = arena.output("d", rows, channels, stride: wide, normTolerance)
          kk_batchnorm_gradient_apply(d, wide, dy, wide, gradient, channels, 0, rows)
        }
      }
  }
}

extension Arena {
  /// An input transform with random scales and shifts.
  func transform(_ channels: Int, _ activation: kk_activation) -> UnsafeMutablePointer<kk_input> {
    let scale = input(channels, in: 0.5...1.5)
    let shift = input(channels, in: -0.5...0.5)
    return hold(kk_input(scale: scale, shift: shift, activation: activation))
  }

  /// A gradient transform whose raw outputs are `y`.
  func gradient(
    _ channels: Int, y: UnsafeMutablePointer<Float>, stride: Int
  ) -> UnsafeMutablePointer<kk_gradient> {
    let (a, b, c) = (input(channels), input(channels), input(channels))
    return hold(kk_gradient(a: a, b: b, c: c, y: y, y_stride: stride))
  }
}
