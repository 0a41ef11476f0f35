import CKernels
import Runtime
import Tensor

/// What an adaptive alpha-divergence looks like (Wang et al., "AlphaNet", ICML 2021).
public struct AlphaDivergence: Sendable, Codable, Hashable {
  /// The smaller exponent.
  public var alphaMin: Float
  /// The larger exponent.
  public var alphaMax: Float
  /// Largest value of (p/q)^α.
  public var ratioClip: Float
  /// Largest absolute value of an element of a sample's logit gradient; 0 for no limit.
  public var gradientClip: Float

  /// The published setting: −1, 1, 5, element-wise clip 1.
  public init(
    alphaMin: Float = -1, alphaMax: Float = 1, ratioClip: Float = 5, gradientClip: Float = 1
  ) {
    self.alphaMin = alphaMin
    self.alphaMax = alphaMax
    self.ratioClip = ratioClip
    self.gradientClip = gradientClip
  }
}

// Losses are means over the batch, tensors `[1]`.
extension Context {
  /// Cross-entropy of labels, with label smoothing (Szegedy et al., CVPR 2016).
  ///
  /// - Parameters:
  ///   - logits: `[batch, classes]`.
  ///   - labels: One of `0 ..< classes` for each sample.
  ///   - smoothing: The share of the target that is spread over all classes.
  public func crossEntropy(_ logits: Variable, labels: [Int32], smoothing: Float = 0) -> Variable {
    let classes = logits.shape.channels
    precondition(
      labels.count == logits.shape.rows, "\(labels.count) labels for logits \(logits.shape)")
    precondition(
      labels.allSatisfy { $0 >= 0 && $0 < classes }, "a label outside 0..<\(classes)")
    return meanLoss(logits) { loss, gradient, logits, rows in
      kk_cross_entropy(
        loss, gradient?.pointer, logits.pointer, labels, rows, classes, classes, logits.rowStride,
        smoothing, 1 / Float(rows))
    }
  }

  /// Cross-entropy of target probabilities `[batch, classes]`: mixed labels, or a teacher.
  public func softCrossEntropy(_ logits: Variable, target: Tensor) -> Variable {
    precondition(logits.shape == target.shape, "target \(target.shape) for logits \(logits.shape)")
    let classes = logits.shape.channels
    return meanLoss(logits) { loss, gradient, logits, rows in
      kk_soft_cross_entropy(
        loss, gradient?.pointer, logits.pointer, target.pointer, rows, classes, classes,
        logits.rowStride, target.rowStride, 1 / Float(rows))
    }
  }

  /// KL(p ‖ q) of a teacher's logits p and these logits q; no gradient flows into the teacher.
  public func klDivergence(_ logits: Variable, teacherLogits: Tensor) -> Variable {
    precondition(
      logits.shape == teacherLogits.shape,
      "teacher \(teacherLogits.shape) for logits \(logits.shape)")
    let classes = logits.shape.channels
    return meanLoss(logits) { loss, gradient, logits, rows in
      kk_kl_divergence(
        loss, gradient?.pointer, logits.pointer, teacherLogits.pointer, rows, classes, classes,
        logits.rowStride, teacherLogits.rowStride, 1 / Float(rows))
    }
  }

  /// The adaptive alpha-divergence of a teacher's logits and these logits.
  public func alphaDivergence(
    _ logits: Variable, teacherLogits: Tensor, _ options: AlphaDivergence = AlphaDivergence()
  ) -> Variable {
    precondition(
      logits.shape == teacherLogits.shape,
      "teacher \(teacherLogits.shape) for logits \(logits.shape)")
    let classes = logits.shape.channels
    return meanLoss(logits) { loss, gradient, logits, rows in
      var options = kk_alpha_divergence_options(
        alpha_min: options.alphaMin, alpha_max: options.alphaMax, ratio_clip: options.ratioClip,
        clip: options.gradientClip, weight: 1 / Float(rows))
      kk_alpha_divergence(
        loss, gradient?.pointer, logits.pointer, teacherLogits.pointer, rows, classes, classes,
        logits.rowStride, teacherLogits.rowStride, &options)
    }
  }

  /// The mean of per-sample losses, whose gradient is made in the forward pass and scaled backward.
  private func meanLoss(
    _ logits: Variable,
    _ body: (UnsafeMutablePointer<Float>, Tensor?, Tensor, _ rows: Int) -> Void
  ) -> Variable {
    precondition(
      logits.shape.rank == 2, "logits of shape \(logits.shape), expected [batch, classes]")
    let logits = materialized(logits)
    let rows = logits.shape.rows
    let losses = Tensor(uninitialized: [rows])
    let gradient = tape != nil && logits.needsGradient ? Tensor(uninitialized: logits.shape) : nil
    body(losses.pointer, gradient, logits.raw, rows)
    var total = 0.0
    kk_sum(&total, losses.pointer, rows)
    let mean = Tensor([Float(total / Double(rows))], shape: [1])
    guard let tape, let gradient else { return Variable(raw: mean, node: -1) }
    let node = tape.record { slot in
      let factor = slot.materialized()!.scalar
      if factor != 1 {
        kk_scale(gradient.pointer, gradient.pointer, gradient.shape.count, factor)
      }
      tape.deposit(gradient, to: logits.node)
    }
    return Variable(raw: mean, node: node)
  }

  /// Softmax over the last dimension.
  public func softmax(_ x: Variable, scale: Float = 1) -> Variable {
    let x = materialized(x)
    let channels = x.shape.channels
    let y = Tensor(uninitialized: x.shape)
    parallelRows(x.shape) { rows in
      kk_softmax(
        y.pointer + rows.lowerBound * channels,
        x.raw.pointer + rows.lowerBound * x.raw.rowStride, rows.count, channels, channels,
        x.raw.rowStride, scale)
    }
    guard let tape, x.needsGradient else { return Variable(raw: y, node: -1) }
    let node = tape.record { slot in
      let g = slot.materialized()!
      let dx = Tensor(uninitialized: x.shape)
      parallelRows(x.shape) { rows in
        kk_softmax_backward(
          dx.pointer + rows.lowerBound * channels, g.pointer + rows.lowerBound * g.rowStride,
          y.pointer + rows.lowerBound * channels, rows.count, channels, channels, g.rowStride,
          channels, scale)
      }
      tape.deposit(dx, to: x.node)
    }
    return Variable(raw: y, node: node)
  }
}

/// How many samples have fewer than `k` classes scored above their label.
public func topCount(_ logits: Tensor, labels: [Int32], k: Int = 1) -> Int {
  precondition(labels.count == logits.shape.rows, "\(labels.count) labels for \(logits.shape)")
  var ranks = [Int32](repeating: 0, count: labels.count)
  kk_label_rank(
    &ranks, logits.pointer, labels, labels.count, logits.shape.channels, logits.rowStride)
  return ranks.count { $0 < k }
}
