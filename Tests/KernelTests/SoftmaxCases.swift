import CKernels

/// exp and log within 3e-7, and a float sum of the row.
private let softmaxTolerance = Tolerance.scaled(3e-6)

extension KernelCase {
  static let softmax: [KernelCase] = rowShapes.flatMap { rows, n in
    let wide = n + 3
    return [
      KernelCase("softmax \(rows)x\(n)") { arena in
        let x = arena.input(rows, n, stride: wide, in: -30...30)
        let y = arena.output("y", rows, n, stride: wide + 1, softmaxTolerance)
        kk_softmax(y, x, rows, n, wide + 1, wide, 0.4)
        let dy = arena.input(rows, n)
        let probabilities = arena.probabilities(rows, n, stride: wide)
        let dx = arena.output("dx", rows, n, stride: wide, softmaxTolerance)
        kk_softmax_backward(dx, dy, probabilities, rows, n, wide, n, wide, 0.4)
      },
      KernelCase("softmax in place \(rows)x\(n)") { arena in
        let x = arena.input(rows, n, stride: wide)
        arena.observe("x", x, rows, n, stride: wide, softmaxTolerance)
        kk_softmax(x, x, rows, n, wide, wide, 1)
      },
      KernelCase("log softmax \(rows)x\(n)") { arena in
        let x = arena.input(rows, n, stride: wide, in: -30...30)
        let y = arena.output("y", rows, n, stride: wide + 1, softmaxTolerance)
        kk_log_softmax(y, x, rows, n, wide + 1, wide)
        let dy = arena.input(rows, n)
        let logs = arena.input(rows, n, stride: wide, in: -6 ... -0.1)
        let dx = arena.output("dx", rows, n, stride: wide, .scaled(2e-5))
        kk_log_softmax_backward(dx, dy, logs, rows, n, wide, n, wide)
      },
    ]
  }

  static let losses: [KernelCase] = rowShapes.flatMap { rows, classes in
    let wide = classes + 3
    let size = "\(rows)x\(classes)"
    return [Float(0), 0.1].map { smoothing in
      KernelCase("cross-entropy \(size) smoothing \(smoothing)") { arena in
        let logits = arena.input(rows, classes, stride: wide, in: -8...8)
        let labels = arena.indices(rows, below: classes)
        let loss = arena.output("loss", rows, softmaxTolerance)
        let gradient = arena.output("gradient", rows, classes, stride: wide, softmaxTolerance)
        kk_cross_entropy(
          loss, gradient, logits, labels, rows, classes, wide, wide, smoothing, 0.25)
        kk_label_rank(arena.integerOutput("rank", rows), logits, labels, rows, classes, wide)
        kk_argmax(arena.integerOutput("argmax", rows), logits, rows, classes, wide)
      }
    } + [
      KernelCase("soft cross-entropy \(size)") { arena in
        let logits = arena.input(rows, classes, stride: wide, in: -8...8)
        let target = arena.probabilities(rows, classes, stride: wide + 2)
        let loss = arena.output("loss", rows, softmaxTolerance)
        let gradient = arena.output("gradient", rows, classes, softmaxTolerance)
        kk_soft_cross_entropy(
          loss, gradient, logits, target, rows, classes, classes, wide, wide + 2, 0.25)
      },
      KernelCase("divergences \(size)") { arena in
        let logits = arena.input(rows, classes, stride: wide, in: -3...3)
        let teacher = arena.input(rows, classes, stride: wide, in: -3...3)
        // A divergence is a difference of sums of the size of log(classes).
        let value = Tolerance.scaled(1e-5, floor: 1)
        let loss = arena.output("kl", rows, value)
        let gradient = arena.output("kl gradient", rows, classes, softmaxTolerance)
        kk_kl_divergence(
          loss, gradient, logits, teacher, rows, classes, classes, wide, wide, 0.25)
        for (low, high) in [(-1, 1), (0, 1), (-2, 0.5)] as [(Float, Float)] {
          let options = arena.hold(
            kk_alpha_divergence_options(
              alpha_min: low, alpha_max: high, ratio_clip: 5, clip: 1, weight: 0.25))
          let adaptive = arena.output("alpha \(low) \(high)", rows, value)
          let slope = arena.output("alpha gradient \(low) \(high)", rows, classes, value)
          kk_alpha_divergence(
            adaptive, slope, logits, teacher, rows, classes, classes, wide, wide, options)
        }
      },
    ]
  }
}
