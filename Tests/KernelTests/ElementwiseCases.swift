import CKernels

/// Lengths below, at and past one vector of each instruction set, and past an unrolled loop.
let lengths = [1, 5, 8, 16, 17, 63, 100, 1030]

/// Rows and channels: one, fewer than a vector, whole vectors, and a part beside many.
let rowShapes = [(1, 1), (3, 7), (5, 16), (4, 33), (7, 100), (2, 257)]

let activations: [(String, kk_activation)] = [
  ("none", KK_ACT_NONE), ("relu", KK_ACT_RELU), ("hardswish", KK_ACT_HARDSWISH),
  ("swish", KK_ACT_SWISH), ("gelu", KK_ACT_GELU), ("sigmoid", KK_ACT_SIGMOID),
  ("tanh", KK_ACT_TANH), ("hardsigmoid", KK_ACT_HARDSIGMOID), ("gelu-tanh", KK_ACT_GELU_TANH),
]

/// One rounding more or less, where a fused multiply-add replaces two operations.
private let oneRounding = Tolerance.scaled(2e-7)

/// The polynomials behind the activations are good to 3e-7; derivatives are differences of numbers
/// up to one.
private let activationTolerance = Tolerance.scaled(2e-6, floor: 1)

/// Float sums of at most some thousand terms against sums in double: a few roundings of the result,
/// more where it is small beside its terms.
let sumTolerance = Tolerance.scaled(2e-5)

extension KernelCase {
  static let elementwise: [KernelCase] =
    lengths.flatMap { n in
      activations.flatMap { name, activation in
        [
          KernelCase("activation \(name) \(n)") { arena in
            let x = arena.input(n, in: -12...12)
            let y = arena.output("y", n, activationTolerance)
            kk_activation_forward(y, x, n, activation)
          },
          KernelCase("activation backward \(name) \(n)") { arena in
            let x = arena.input(n, in: -12...12)
            let dy = arena.input(n)
            let dx = arena.output("dx", n, activationTolerance)
            kk_activation_backward(dx, dy, x, n, activation)
          },
        ]
      } + [
        KernelCase("add \(n)") { arena in
          let (a, b) = (arena.input(n), arena.input(n))
          kk_add(arena.output("y", n, .bits), a, b, n)
        },
        KernelCase("multiply in place \(n)") { arena in
          let (a, b) = (arena.input(n), arena.input(n))
          arena.observe("a", a, 1, n, .bits)
          kk_multiply(a, a, b, n)
        },
        KernelCase("multiply-add \(n)") { arena in
          let (a, b) = (arena.input(n), arena.input(n))
          kk_multiply_add(arena.output("y", n, start: .gaussian, oneRounding), a, b, n)
        },
        KernelCase("sample scale \(n)") { arena in
          let (x, f) = (arena.input(3, n), arena.input(3, n))
          let factor = arena.input(3)
          kk_sample_scale(arena.output("y", 3, n, oneRounding), x, f, factor, 3, n)
          kk_sample_scale(arena.output("df", 3, n, .bits), nil, f, factor, 3, n)
        },
      ]
    }

  static let rows: [KernelCase] = rowShapes.flatMap { rows, channels in
    let wide = channels + 3
    let size = "\(rows)x\(channels)"
    return [
      KernelCase("bias \(size)") { arena in
        let x = arena.input(rows, channels, stride: wide)
        let bias = arena.input(channels)
        let y = arena.output("y", rows, channels, stride: wide + 1, .bits)
        kk_bias_add(y, x, bias, rows, channels, wide + 1, wide)
        let dbias = arena.output("dbias", channels, start: .gaussian, sumTolerance)
        kk_bias_gradient(dbias, x, rows, channels, wide)
      },
      KernelCase("channel scale \(size)") { arena in
        let x = arena.input(rows, channels, stride: wide)
        let dy = arena.input(rows, channels)
        let scale = arena.input(channels)
        let y = arena.output("y", rows, channels, stride: wide + 1, .bits)
        kk_channel_scale(y, x, scale, rows, channels, wide + 1, wide)
        let dscale = arena.output("dscale", channels, start: .gaussian, sumTolerance)
        kk_channel_scale_gradient(dscale, dy, x, rows, channels, channels, wide, 0.25)
      },
      KernelCase("residual scale \(size)") { arena in
        let x = arena.input(rows, channels, stride: wide)
        let f = arena.input(rows, channels)
        let scale = arena.input(channels)
        let y = arena.output("y", rows, channels, stride: wide + 1, oneRounding)
        kk_residual_scale(y, x, f, scale, rows, channels, wide + 1, wide, channels, 0.7)
        let df = arena.output("df", rows, channels, stride: wide, oneRounding)
        let dscale = arena.output("dscale", channels, start: .gaussian, sumTolerance)
        kk_residual_scale_backward(
          df, dscale, x, f, scale, rows, channels, wide, wide, channels, 0.7)
      },
      KernelCase("copy, add and transpose rows \(size)") { arena in
        let x = arena.input(rows, channels, stride: wide)
        kk_copy_rows(
          arena.output("copy", rows, channels, stride: wide + 2, .bits), x, rows, channels,
          wide + 2, wide)
        kk_add_rows(
          arena.output("sum", rows, channels, stride: wide, start: .gaussian, .bits), x, rows,
          channels, wide, wide)
        kk_transpose(
          arena.output("transpose", channels, rows, stride: rows + 1, .bits), x, rows, channels,
          rows + 1, wide)
      },
      KernelCase("gather and scatter rows \(size)") { arena in
        let table = arena.input(5, channels, stride: wide)
        let index = arena.indices(rows, below: 5)
        let y = arena.output("y", rows, channels, stride: wide + 2, .bits)
        kk_gather_rows(y, table, index, rows, channels, wide + 2, wide)
        let gradient = arena.output("table", 5, channels, stride: wide, start: .gaussian, .bits)
        let x = arena.input(rows, channels)
        kk_scatter_add_rows(gradient, x, index, rows, channels, wide, channels)
      },
    ]
  }
}
