import CKernels

extension KernelCase {
  /// All of these promise the same bits on every instruction set.
  static let reductions: [KernelCase] =
    lengths.map { n in
      KernelCase("reductions \(n)") { arena in
        let (x, y) = (arena.input(n), arena.input(n))
        kk_sum(arena.doubleOutput("sum", 1, .bits), x, n)
        kk_sum_squares(arena.doubleOutput("squares", 1, .bits), x, n)
        kk_dot(arena.doubleOutput("dot", 1, .bits), x, y, n)
        kk_dot_norms(arena.doubleOutput("dot and norms", 3, .bits), x, y, n)
        kk_max_abs(arena.output("max", 1, .bits), x, n)
        var negative = 0
        kk_count_negative(&negative, x, n)
        arena.integerOutput("negative", 1)[0] = Int32(negative)
        let rows = arena.input(3, n, stride: n + 5)
        kk_row_l1(arena.output("l1", 3, .bits), rows, 3, n, n + 5)
      }
    }
    + lengths.map { n in
      KernelCase("linear combinations \(n)") { arena in
        let (x, z) = (arena.input(n), arena.input(n))
        kk_axpy(arena.output("axpy", n, start: .gaussian, .bits), x, n, 0.3)
        kk_axpby(arena.output("axpby", n, start: .gaussian, .bits), x, n, 0.3, -1.7)
        kk_project(arena.output("project", n, .bits), x, z, n, -0.4)
        kk_scale(arena.output("scale", n, .bits), x, n, 1.3)
        kk_fill(arena.output("fill", n, .bits), n, 2.5)
      }
    }

  static let optimizers: [KernelCase] = lengths.flatMap { n in
    [(0.9, 0, 0.0), (0.9, 1, 0.5), (0, 0, 0)].map { momentum, nesterov, clip in
      KernelCase("sgd \(n) momentum \(momentum) nesterov \(nesterov) clip \(clip)") { arena in
        let weight = arena.output("weight", n, start: .gaussian, .bits)
        let gradient = arena.output("gradient", n, start: .gaussian, .bits)
        let velocity = arena.output("momentum", n, start: .gaussian, .bits)
        let use = kk_gradient_use(
          gradient_scale: 0.8, clip: Float(clip), zero_gradient: Int32(nesterov))
        let options = arena.hold(
          kk_sgd(
            learning_rate: 0.1, momentum: Float(momentum), weight_decay: 0.01,
            nesterov: Int32(nesterov), use: use))
        kk_sgd_step(weight, gradient, momentum == 0 ? nil : velocity, n, options)
      }
    } + [
      KernelCase("adamw \(n)") { arena in
        let weight = arena.output("weight", n, start: .gaussian, .bits)
        let gradient = arena.output("gradient", n, start: .gaussian, .bits)
        let first = arena.output("m", n, start: .gaussian, .bits)
        let second = arena.output("v", n, start: .values([Float](repeating: 0.3, count: n)), .bits)
        let use = kk_gradient_use(gradient_scale: 0.8, clip: 1, zero_gradient: 1)
        let options = arena.hold(
          kk_adamw(
            learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.05,
            correction1: 5, correction2: 10, use: use))
        kk_adamw_step(weight, gradient, first, second, n, options)
      },
      KernelCase("ema \(n)") { arena in
        let weight = arena.input(n)
        kk_ema_step(arena.output("average", n, start: .gaussian, .bits), weight, n, 0.999)
      },
    ]
  }

  /// Ranges that begin inside a block of 64 and end inside another.
  static let randomNumbers: [KernelCase] = [(0, 64), (0, 1000), (37, 1), (61, 700), (1 << 40, 130)]
    .map { (begin: Int, n: Int) in
      KernelCase("random numbers \(n) from \(begin)") { arena in
        let (seed, stream, first): (UInt64, UInt64, UInt64) = (0xdead_beef_1234, 77, UInt64(begin))
        kk_random_uniform(arena.output("uniform", n, .bits), -1, 2, seed, stream, first, n)
        kk_random_gaussian(arena.output("gaussian", n, .bits), 1, 2, seed, stream, first, n)
        kk_random_bernoulli(arena.output("bernoulli", n, .bits), 0.7, 3, seed, stream, first, n)
        let x = arena.input(n)
        let sigma = arena.input(n, in: 0...2)
        kk_random_add_gaussian(arena.output("noise", n, .bits), x, 0.5, seed, stream, first, n)
        kk_random_add_gaussian_each(
          arena.output("noise each", n, .bits), x, sigma, seed, stream, first, n)
        kk_random_dropout(arena.output("dropout", n, .bits), x, 0.8, seed, stream, first, n)
        let integers = arena.integerOutput("integers", n)
        integers.withMemoryRebound(to: UInt32.self, capacity: n) {
          kk_random_integers($0, 1000, seed, stream, first, n)
        }
        let bits = arena.integerOutput("bits", n)
        bits.withMemoryRebound(to: UInt32.self, capacity: n) {
          kk_random_bits($0, seed, stream, first, n)
        }
      }
    }
}
