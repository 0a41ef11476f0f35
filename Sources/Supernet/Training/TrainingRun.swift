import Autodiff
import CKernels
import Datasets
import Foundation
import Logging
import RunLog
import Runtime
import SearchSpace
import Tensor

/// A supernet training with its run directory: data, steps, metrics, checkpoints, the table at the
/// end and the report.
public final class TrainingRun {
  /// What a run is asked beside its config.
  public struct Options: Sendable {
    /// Stop after this step, with a checkpoint; nil: at the end.
    public var stopAfter: Int?
    /// How progress is shown.
    public var progress = ProgressBar.Style.automatic()
    /// Called after every step with its number and loss, by those who show progress of their own.
    public var didStep: (@Sendable (_ step: Int, _ loss: Double?) -> Void)?

    /// To the end, with a progress bar where there is a terminal.
    public init() {}
  }

  /// The config.
  public let config: TrainingConfig
  /// The run directory.
  public let directory: RunDirectory
  /// The trainer.
  public let trainer: SupernetTrainer

  private let data: DatasetPair
  private let loader: BatchLoader
  private let checkpoints: CheckpointStore
  private let metrics: MetricsLog
  private let options: Options
  private var secondsBefore = 0.0
  private var summaries: [PhaseConflict] = []

  /// Prepares a run: loads the data, builds the network, and goes on from the last sound checkpoint
  /// where the directory holds one.
  ///
  /// - Throws: `KirchhoffError` for whatever is wrong with config, data, checkpoint or directory.
  public init(
    _ config: TrainingConfig, directory: RunDirectory, resume: Bool = false,
    options: Options = Options()
  ) throws {
    self.config = config
    self.directory = directory
    self.options = options
    var pair = try DatasetRegistry.standard().load(config.data)
    if config.trainingImages > 0 {
      pair.training = pair.training.subset(limit: config.trainingImages)
    }
    data = pair
    let space = try config.resolvedSpace(for: pair, of: resume ? directory.paths : nil)
    loader = try BatchLoader(
      pair.training,
      options: BatchLoader.Options(
        batchSize: config.batchSize, augmentation: config.augmentation.adapted(to: pair.training),
        seed: config.seed))
    trainer = try SupernetTrainer(config, space: space, normalisation: loader.normalisation)
    checkpoints = directory.checkpoints(fingerprint: space.fingerprint)
    let checkpoint = resume ? try checkpoints.latest(TrainingState.self) : nil
    metrics = try directory.metrics(resuming: checkpoint, in: checkpoints)
    if let checkpoint {
      try trainer.restore(checkpoint.state.trainer, checkpoint.tensors)
      secondsBefore = checkpoint.state.trainer.seconds
      summaries = checkpoint.state.conflicts
      loader.state = BatchLoader.State(epoch: 0, batch: trainer.step)
    } else {
      try directory.write(config: config)
      if config.namesSpaceFile {
        try space.write(to: URL(fileURLWithPath: directory.paths.space))
      }
    }
    try directory.writeMachine(adding: MachineFacts.kernels)
  }

  /// Trains to the end (or to `stopAfter`), evaluates, and writes result and report.
  ///
  /// - Returns: The result, or nil when the run stopped before its end.
  /// - Throws: `KirchhoffError(.interrupted)` after a signal, with everything saved.
  public func run() throws -> TrainingResult? {
    let clock = TrainingClock(before: secondsBefore)
    let bar = ProgressBar(total: config.steps, style: options.progress)
    let outcome = Result { try train(clock, bar) }
    bar.finish()
    try outcome.get()
    guard trainer.isFinished else {
      try directory.writeReport()
      return nil
    }
    return try finish(clock)
  }

  /// Takes the steps of this run, up to its end or `stopAfter`.
  private func train(_ clock: TrainingClock, _ bar: ProgressBar) throws {
    let goal = min(options.stopAfter ?? config.steps, config.steps)
    while trainer.step < goal {
      try beginPhaseIfNeeded()
      let outcome = trainer.train(on: try loader.next())
      let step = trainer.step
      try checkConverges(outcome)
      let loss = outcome.losses["max"] ?? outcome.losses.values.first
      bar.update(
        step: step, count: step * config.batchSize, phase: outcome.phase, loss: loss)
      options.didStep?(step, loss)
      if step % config.logEvery == 0 || step == config.steps {
        try log(outcome, seconds: clock.seconds, rate: bar.rate)
      }
      if trainer.endsPhase { try logConflicts(outcome.phase) }
      let evaluates = config.evaluation.every > 0 && step % config.evaluation.every == 0
      if evaluates && !trainer.isFinished { _ = try evaluate(clock) }
      let isSaved = step % config.checkpointEvery == 0 || step == goal
      if isSaved { try save(clock) }
      if SignalGuard.shouldStop {
        if !isSaved { try save(clock) }
        try SignalGuard.check(saved: "step \(step) is saved; go on with --resume")
      }
    }
  }

  private func checkConverges(_ outcome: SupernetTrainer.Outcome) throws {
    try Divergence.check(
      outcome.losses, of: directory.paths.root, step: trainer.step,
      learningRate: outcome.learningRate, checkpoints: checkpoints)
  }

  private func beginPhaseIfNeeded() throws {
    let span = trainer.phase
    guard span.firstStep == trainer.step else { return }
    try metrics.append(
      .phase(
        PhaseRecord(
          step: trainer.step, phase: span.phase.name, steps: span.steps,
          summary: span.phase.summary)))
  }

  private func log(_ outcome: SupernetTrainer.Outcome, seconds: Double, rate: Double?) throws {
    try metrics.append(
      .step(
        StepRecord(
          step: trainer.step, phase: outcome.phase, losses: outcome.losses,
          learningRate: Double(outcome.learningRate),
          time: MetricTime(seconds: seconds, imagesPerSecond: rate))))
  }

  private func logConflicts(_ phase: String) throws {
    let store = trainer.supernet.store
    for record in trainer.meter.records(step: trainer.step, phase: phase, store) {
      try metrics.append(.conflict(record))
    }
    summaries.append(PhaseConflict(phase: phase, groups: trainer.meter.summary(store)))
  }

  private func save(_ clock: TrainingClock) throws {
    try trainer.supernet.store.checkFinite(
      directory.paths.root, hint: "the training diverged in step \(trainer.step)")
    try metrics.sync()
    let state = TrainingState(
      trainer: trainer.state(seconds: clock.seconds), conflicts: summaries)
    try checkpoints.save(
      step: trainer.step, state: state, tensors: trainer.checkpointTensors(),
      metricLines: metrics.lines)
  }

  /// Scores the representative subnets, with the averaged weights where the config has them.
  private func evaluate(_ clock: TrainingClock) throws -> [SubnetResult] {
    let store = trainer.supernet.store
    trainer.average?.swap(with: store)
    defer { trainer.average?.swap(with: store) }
    return try trainer.modifier.quantised(store) { try scores(clock) }
  }

  private func scores(_ clock: TrainingClock) throws -> [SubnetResult] {
    let supernet = trainer.supernet
    let evaluator = try SubnetEvaluator(
      supernet, data: data, normalisation: loader.normalisation, calibration: config.calibration,
      images: config.evaluation.images)
    let space = supernet.space
    return try space.representativeSubnets(sampled: config.evaluation.sampled, seed: config.seed)
      .map { named in
        let score = try evaluator.score(named.subnet)
        let cost = try space.plan(for: named.subnet).cost
        let result = SubnetResult(
          group: named.group, family: space.family(of: named.subnet), subnet: named.subnet,
          parameters: cost.parameters, macs: cost.macs, score: score)
        try metrics.append(
          .evaluation(
            EvaluationRecord(
              step: trainer.step, phase: trainer.phase.phase.name, subnet: named.subnet.id,
              group: result.group, family: result.family, accuracy: score.accuracy,
              loss: score.loss, parameters: cost.parameters, macs: cost.macs, calibrated: true,
              images: score.images, time: MetricTime(seconds: clock.seconds))))
        return result
      }
  }

  private func finish(_ clock: TrainingClock) throws -> TrainingResult {
    let seconds = clock.seconds
    let subnets = try evaluate(clock)
    let result = TrainingResult(
      space: trainer.supernet.space.name, data: data.test.name, steps: trainer.step,
      seconds: seconds, imagesPerSecond: Double(trainer.step * config.batchSize) / seconds,
      subnets: subnets, conflicts: summaries, run: directory.paths.root)
    try metrics.sync()
    try directory.write(result: result)
    try directory.writeReport()
    return result
  }
}

/// The state of a checkpoint.
struct TrainingState: Codable {
  var trainer: TrainerState
  var conflicts: [PhaseConflict]
}

/// What of the kernels belongs in a run's machine header.
public enum MachineFacts {
  /// Instruction set, BLAS core and threads.
  public static var kernels: [String: String] {
    [
      "instructionSet": String(cString: kk_isa_name(kk_isa())), "blasCore": BLAS.coreName,
      "threads": "\(Threads.count)",
    ]
  }
}
