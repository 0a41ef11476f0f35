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
    let teaches = role == .largest && !phase.usesFrozenTeacher
    return trainer.supernet.learn(
      images(side: plan.resolution), target, plan: plan,
      teacher: teaches ? nil : frozenTeacher() ?? teacherLogits[0],
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

  /// The logits of the frozen teacher, with batch statistics, as OFA runs it.
  private func frozenTeacher() -> Tensor? {
    guard phase.usesFrozenTeacher, let teacher = trainer.teacher else { return nil }
    if let teacherOutput { return teacherOutput }
    let plan = trainer.plan(trainer.supernet.space.largest)
    let context = Context(store: teacher.store, norms: trainer.norms, mode: .training)
    let output = teacher.logits(
      Variable(constant: images(side: plan.resolution)), plan: plan, in: context)
    teacherOutput = context.materialized(output).tensor
    return teacherOutput
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
  /// Whether subnets learn from the largest network as it once was.
  var usesFrozenTeacher: Bool {
    distillation.teacher == .frozenLargest && distillation.loss != .none
  }
}
