import Autodiff
import Datasets
import Runtime
import SearchSpace
import Tensor

/// One step's batch and settings, shared by all its subnets.
final class StepWork {
  let trainer: SupernetTrainer
  let phase: Phase
  let random: RandomStream
  let target: LearningTarget
  let frozen: Set<Int>
  private let images: Tensor
  private var resizedImages: [Int: Tensor] = [:]

  init(trainer: SupernetTrainer, batch: Batch, phase: Phase, random: RandomStream) {
    self.trainer = trainer
    self.phase = phase
    self.random = random
    images = batch.images
    target = LearningTarget(
      labels: batch.labels, softLabels: batch.softLabels,
      smoothing: trainer.config.labelSmoothing)
    let groups = Set(phase.frozen.map(\.rawValue))
    frozen = Set(
      trainer.supernet.store.entries.filter { groups.contains($0.group) }
        .map(\.parameter.index))
  }

  func images(side: Int) -> Tensor {
    if let known = resizedImages[side] { return known }
    let result = resized(images, side: side)
    resizedImages[side] = result
    return result
  }

  func learn(
    _ subnet: Subnet, _ role: DrawRole, _ index: Int, _ teacherLogits: [Int: Tensor],
    into gradients: Gradients
  ) -> (logits: Tensor, loss: Float) {
    let plan = trainer.plan(subnet)
    let teaches = role == .largest && phase.teacher == .inPlace
    return trainer.supernet.learn(
      images(side: plan.resolution), target, plan: plan,
      teacher: teaches ? nil : outsideTeacher() ?? teacherLogits[0],
      distillation: phase.distillation,
      regularization: role == .largest ? trainer.config.regularization : .none,
      into: gradients, frozen: frozen, norms: trainer.norms,
      random: random.derived(UInt64(index)))
  }

  /// The gradients of a subnet that learns from the labels alone.
  func learnLabels(_ subnet: Subnet, _ index: Int, into gradients: Gradients) {
    let plan = trainer.plan(subnet)
    _ = trainer.supernet.learn(
      images(side: plan.resolution), target, plan: plan, teacher: nil,
      distillation: phase.distillation, into: gradients, frozen: frozen, norms: trainer.norms,
      random: random.derived(UInt64(index)))
  }

  /// The logits of a teacher that is no subnet of the step.
  private func outsideTeacher() -> Tensor? {
    if teacherOutput == nil {
      switch phase.teacher {
      case .inPlace: break
      case .frozenLargest: teacherOutput = trainer.teacher.map(frozenLogits)
      case .file(let path): teacherOutput = trainer.fileTeachers[path]?.logits(images)
      }
    }
    return teacherOutput
  }

  /// With batch statistics, as OFA runs its teacher.
  private func frozenLogits(_ teacher: Supernet) -> Tensor {
    let plan = trainer.plan(trainer.supernet.space.largest)
    let context = Context(store: teacher.store, norms: trainer.norms, mode: .training)
    let output = teacher.logits(
      Variable(constant: images(side: plan.resolution)), plan: plan, in: context)
    return context.materialized(output).tensor
  }

  private var teacherOutput: Tensor?

  /// The candidate that an attentive draw trains, by its loss on this batch.
  func choose(_ draw: SubnetDraw, _ index: Int) -> Subnet {
    let losses = draw.candidates.map { candidate in
      let plan = trainer.plan(candidate)
      return trainer.supernet.loss(
        images(side: plan.resolution), target, plan: plan, norms: trainer.norms,
        random: random.derived(UInt64(index)))
    }
    return draw.chosen(losses: losses)
  }
}

extension Phase {
  /// Who teaches, where anybody does; no teacher at all is like one in place that is not asked.
  var teacher: Teacher { distillation.loss == .none ? .inPlace : distillation.teacher }
}
