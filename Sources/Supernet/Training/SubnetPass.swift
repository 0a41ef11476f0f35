import Autodiff
import Runtime
import SearchSpace
import Tensor

/// What one forward pass of a subnet is asked to learn from.
struct LearningTarget {
  /// Labels of the batch.
  var labels: [Int32]
  /// Label distributions where the augmentation mixes images.
  var softLabels: Tensor?
  /// Smoothing of the labels.
  var smoothing: Float

  /// The loss against the labels.
  func labelLoss(_ logits: Variable, in context: Context) -> Variable {
    guard let softLabels else {
      return context.crossEntropy(logits, labels: labels, smoothing: smoothing)
    }
    return context.softCrossEntropy(logits, target: smoothed(softLabels))
  }

  private func smoothed(_ target: Tensor) -> Tensor {
    guard smoothing > 0 else { return target }
    let uniform = smoothing / Float(target.shape.channels)
    var result = target.copy()
    result.withMutableFloats { floats in
      for i in floats.indices { floats[i] = (1 - smoothing) * floats[i] + uniform }
    }
    return result
  }
}

extension Supernet {
  /// Forward and backward of one subnet; its gradients add to `gradients`.
  ///
  /// - Returns: The logits, and the loss.
  func learn(
    _ images: Tensor, _ target: LearningTarget, plan: NetworkPlan, teacher: Tensor?,
    distillation: Distillation, regularization: Regularization = .none, into gradients: Gradients,
    frozen: Set<Int>, norms: NormStatistics, random: RandomStream
  ) -> (logits: Tensor, loss: Float) {
    let tape = Tape()
    var context = Context(
      store: store, norms: norms, gradients: gradients, tape: tape, mode: .training,
      random: random)
    context.frozen = frozen
    let logits = context.materialized(
      logits(
        Variable(constant: images), plan: plan, regularization: regularization, in: context))
    var terms: [(output: Variable, gradient: Tensor)] = []
    var loss: Float = 0
    func add(_ term: Variable, weight: Double) {
      terms.append((term, Tensor([Float(weight)], shape: [1])))
      loss += Float(weight) * term.tensor.scalar
    }
    if let teacher, distillation.loss != .none {
      add(
        context.divergence(distillation, logits: logits, teacher: teacher),
        weight: distillation.weight)
      if distillation.labels > 0 {
        add(target.labelLoss(logits, in: context), weight: distillation.labels)
      }
    } else {
      add(target.labelLoss(logits, in: context), weight: 1)
    }
    tape.backward(from: terms)
    return (logits.tensor, loss)
  }

  /// The loss of a subnet against the labels, without gradients: what attentive sampling asks.
  func loss(
    _ images: Tensor, _ target: LearningTarget, plan: NetworkPlan, norms: NormStatistics,
    random: RandomStream
  ) -> Float {
    let context = Context(store: store, norms: norms, mode: .training, random: random)
    let logits = logits(Variable(constant: images), plan: plan, in: context)
    return target.labelLoss(context.materialized(logits), in: context).tensor.scalar
  }
}

extension Context {
  /// The divergence of a distillation, a tensor `[1]`; the teacher's logits get no gradient.
  func divergence(_ distillation: Distillation, logits: Variable, teacher: Tensor) -> Variable {
    let factor = 1 / Float(distillation.temperature)
    let student = scaled(logits, by: factor)
    let teacher =
      factor == 1 ? teacher : scaled(Variable(constant: teacher), by: factor).tensor
    switch distillation.loss {
    case .softCrossEntropy, .none:
      return softCrossEntropy(student, target: softmax(Variable(constant: teacher)).tensor)
    case .kl:
      return klDivergence(student, teacherLogits: teacher)
    case .alpha:
      return alphaDivergence(
        student, teacherLogits: teacher,
        AlphaDivergence(
          alphaMin: Float(distillation.alphaMin), alphaMax: Float(distillation.alphaMax),
          ratioClip: Float(distillation.alphaClip)))
    }
  }
}
