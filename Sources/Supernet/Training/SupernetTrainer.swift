import Autodiff
import Datasets
import NN
import Runtime
import SearchSpace
import Tensor

/// Trains a supernet step by step: samples subnets, adds up or combines their gradients, updates.
///
/// The trainer holds everything that an exact resume needs (`TrainerState` and flat tensors) and
/// knows no files.
public final class SupernetTrainer {
  /// What a step did.
  public struct Outcome: Sendable {
    /// Mean loss by role: "max", "random", "min".
    public var losses: [String: Double]
    /// The learning rate.
    public var learningRate: Float
    /// The phase.
    public var phase: String
  }

  /// The config.
  public let config: TrainingConfig
  /// The network.
  public let supernet: Supernet
  /// The phases with their places.
  public let spans: [PhaseSchedule.Span]
  /// Steps taken.
  public private(set) var step = 0
  /// The conflict meter of the running phase.
  public private(set) var meter = ConflictMeter()
  /// The moving average of the weights, where the config asks for one.
  public private(set) var average: ExponentialAverage?

  package private(set) var optimizer: any Optimizer
  private(set) var sampler: SubnetSampler
  /// The largest network as it was when the first phase that asks for a frozen teacher began.
  package private(set) var teacher: Supernet?
  private(set) var fileTeachers: [String: FileTeacher] = [:]
  let norms: NormStatistics
  /// What a step sees instead of the weights.
  let modifier: WeightModifier
  private let gradients: Gradients
  private var largestGradients: Gradients?
  private var probes: (first: Gradients, second: Gradients)?
  private var plans: [Subnet: NetworkPlan] = [:]

  /// A trainer at step 0.
  ///
  /// - Parameters:
  ///   - config: The config.
  ///   - space: The space, fitted to the data.
  ///   - normalisation: How the images of batches are normalised; only a teacher from a file needs it,
  ///     and without it takes the images as they are.
  /// - Throws: `KirchhoffError` for a schedule that does not fit the steps or the space, or a teacher
  ///   that cannot be read or does not fit.
  public init(
    _ config: TrainingConfig, space: SupernetSpace, normalisation: Normalisation? = nil
  ) throws {
    self.config = config
    let supernet = Supernet(
      space: space, inputBits: config.quantisation?.inputBits, seed: config.seed)
    self.supernet = supernet
    var schedule = try config.schedule.resolved()
    if let loss = config.distillation {
      for index in schedule.phases.indices where schedule.phases[index].distillation.loss != .none {
        schedule.phases[index].distillation.loss = loss
      }
    }
    for case .file(let path) in schedule.phases.map(\.teacher) where fileTeachers[path] == nil {
      fileTeachers[path] = try FileTeacher(path, of: space, normalisation: normalisation)
    }
    let spans = try schedule.spans(totalSteps: config.steps)
    self.spans = spans
    norms = supernet.makeNormStatistics()
    modifier = WeightModifier(
      bits: config.quantisation?.weightBits, noise: config.weightNoise ?? 0, seed: config.seed)
    gradients = Gradients(for: supernet.store)
    optimizer = config.optimizer.make(for: supernet.store)
    average = config.averageDecay.map { ExponentialAverage(of: supernet.store, decay: $0) }
    sampler = SubnetSampler(
      spans[0].phase.sampler, space: space, restriction: spans[0].phase.restriction,
      seed: config.seed)
  }

  /// Whether the last step has been taken.
  public var isFinished: Bool { step >= config.steps }

  /// The phase of the next step (or of the last one, at the end).
  public var phase: PhaseSchedule.Span {
    spans.at(step: min(step, config.steps - 1))!.span
  }

  /// Whether the step just taken was the last of its phase.
  public var endsPhase: Bool { spans.contains { $0.endStep == step } }

  /// Takes one step on a batch.
  public func train(on batch: Batch) -> Outcome {
    let scheduled = spans.at(step: step)!
    let phase = scheduled.span.phase
    if scheduled.beginsPhase { begin(phase) }
    let rate = learningRate(of: scheduled)
    let losses = modifier.around(supernet.store, step: step) { accumulate(batch, phase) }
    var options = StepOptions(learningRate: rate)
    options.frozenGroups = Set(phase.frozen.map(\.rawValue))
    options.clip = config.optimizer.clip
    if phase.projection != nil { options.clip.norm = nil }
    optimizer.step(supernet.store, gradients, options)
    average?.update(from: supernet.store)
    step += 1
    return Outcome(losses: losses, learningRate: rate, phase: phase.name)
  }

  /// The learning rate of a step: the curve's, times the phase's factor.
  package func learningRate(of step: Int) -> Float { learningRate(of: spans.at(step: step)!) }

  private func learningRate(of scheduled: ScheduledStep) -> Float {
    // Rounded, because the position is a quotient: 29 of 60 times 60 is just below 29.
    let place = Int((scheduled.curvePosition * Double(config.steps)).rounded())
    return config.learningRate.rate(step: place, of: config.steps) * Float(scheduled.lrFactor)
  }

  /// The resolved plan of a subnet of the space.
  func plan(_ subnet: Subnet) -> NetworkPlan {
    if let plan = plans[subnet] { return plan }
    guard let plan = try? supernet.space.plan(for: subnet) else {
      preconditionFailure("the sampler drew \(subnet.id), which is not of the space")
    }
    if plans.count > 4096 { plans.removeAll() }
    plans[subnet] = plan
    return plan
  }

  private func begin(_ phase: Phase) {
    meter = ConflictMeter()
    if step > 0 {
      sampler = SubnetSampler(
        phase.sampler, space: supernet.space, restriction: phase.restriction, seed: config.seed)
    }
    if phase.sortsChannels { supernet.sortChannels() }
    if let scale = phase.insertionScale { supernet.setTransformerScale(Float(scale)) }
    if phase.teacher == .frozenLargest, teacher == nil { teacher = supernet.copy() }
  }

  /// Runs all subnets of a step; afterwards `gradients` holds what the update uses.
  private func accumulate(_ batch: Batch, _ phase: Phase) -> [String: Double] {
    let work = StepWork(
      trainer: self, batch: batch, phase: phase,
      random: RandomStream(seed: config.seed).derived("step").derived(UInt64(step)))
    let draws = sampler.draws(step: step)
    let measures = config.conflict.every > 0 && step % config.conflict.every == 0
    if phase.projection != nil, largestGradients == nil {
      largestGradients = Gradients(for: supernet.store)
    }
    if measures, probes == nil {
      probes = (Gradients(for: supernet.store), Gradients(for: supernet.store))
    }
    var losses: [String: [Double]] = [:]
    var teacherLogits: [Int: Tensor] = [:]
    for (index, draw) in draws.enumerated() {
      let isLargest = draw.role == .largest
      let subnet = draw.candidates.count == 1 ? draw.subnet : work.choose(draw, index)
      let direct = isLargest && phase.projection != nil ? largestGradients! : gradients
      // A measured network's gradients go through a buffer of their own.
      let target = !measures ? direct : isLargest ? probes!.first : probes!.second
      let result = work.learn(subnet, draw.role, index, teacherLogits, into: target)
      if isLargest { teacherLogits[0] = result.logits }
      if measures {
        if !isLargest, draws[0].role == .largest {
          meter.measure(
            "max|\(draw.role.metricName)", probes!.first, probes!.second, supernet.store)
        }
        direct.add(target)
        if !isLargest { target.clear() }
      }
      if case .random = draw.role { sampler.record(subnet, loss: result.loss) }
      losses[draw.role.metricName, default: []].append(Double(result.loss))
    }
    if measures {
      probes!.first.clear()
      measureBlockKinds(work)
    }
    if let projection = phase.projection, let largestGradients {
      if let limit = config.optimizer.clipNorm { gradients.clip(norm: limit) }
      gradients.combine(
        withLargest: largestGradients, projection: projection, over: supernet.store)
      largestGradients.clear()
    }
    return losses.mapValues { $0.reduce(0, +) / Double($0.count) }
  }

  /// The conflict between a convolutional and a transformer-heavy subnet on this batch.
  ///
  /// Both learn from the labels: the transformer-heavy one often is the largest, which as its own
  /// student has no gradient. Their gradients do not enter the update.
  private func measureBlockKinds(_ work: StepWork) {
    let convolutional = sampler.space.largestConvolutional
    let transformers = sampler.space.mostTransformers
    guard convolutional != transformers, let probes else { return }
    work.learnLabels(convolutional, 1000, into: probes.first)
    work.learnLabels(transformers, 1001, into: probes.second)
    meter.measure("cnn|vit", probes.first, probes.second, supernet.store)
    probes.first.clear()
    probes.second.clear()
  }

  /// Restores what `state` and `tensors` gave.
  func restore(_ state: TrainerState, _ tensors: [String: Tensor]) throws {
    step = state.step
    meter = state.meter
    sampler = state.sampler
    try optimizer.restore(stepCount: state.optimizerSteps, state: tensors)
    if let saved = tensors[TrainerState.averageName] { try average?.restore(saved) }
    if let saved = tensors[TrainerState.teacherName] {
      let copy = supernet.copy()
      copy.store.restore(saved.floats)
      teacher = copy
    }
    supernet.store.restore(try tensors.required(TrainerState.parametersName).floats)
  }
}

extension DrawRole {
  /// The role's name in metrics.
  var metricName: String {
    switch self {
    case .largest: "max"
    case .random: "random"
    case .smallest: "min"
    }
  }
}

extension TrainingConfig.OptimizerChoice {
  package func make(for store: ParameterStore) -> any Optimizer {
    switch kind {
    case .adamw:
      AdamW(for: store, betas: (beta1, beta2), epsilon: epsilon, weightDecay: weightDecay)
    case .sgd:
      SGD(for: store, momentum: momentum, nesterov: nesterov, weightDecay: weightDecay)
    }
  }

  package var clip: GradientClip { GradientClip(value: clipValue, norm: clipNorm) }
}
