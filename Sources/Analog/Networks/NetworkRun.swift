import Crossbar
import Datasets
import Foundation
import RunLog
import Runtime
import Supernet

/// The training of a network on arrays with its run directory: data, steps, metrics, checkpoints, the
/// result and the report.
public final class NetworkRun {
  /// The config.
  public let config: NetworkConfig
  /// The run directory.
  public let directory: RunDirectory
  /// The trainer.
  public let trainer: NetworkTrainer

  private let data: DatasetPair
  private let loader: BatchLoader
  private let test: BatchLoader
  private let checkpoints: CheckpointStore
  private let metrics: MetricsLog
  private let options: TrainingRun.Options
  private var secondsBefore = 0.0
  private var evaluations: [ArraysRecord] = []

  /// Prepares a run: loads the data, programs the arrays, and goes on from the last sound checkpoint
  /// where the directory holds one.
  ///
  /// - Throws: `KirchhoffError` for whatever is wrong with config, data, checkpoint or directory.
  public init(
    _ config: NetworkConfig, directory: RunDirectory, resume: Bool = false,
    options: TrainingRun.Options = .init()
  ) throws {
    self.config = config
    self.directory = directory
    self.options = options
    data = try config.loadedData()
    let hardware = try config.hardware(of: resume ? directory.paths : nil)
    // Drivers have the codes of a range from 0: images are not centred.
    let plain = Normalisation.identity(channels: data.training.shape.channels)
    loader = try BatchLoader(
      data.training,
      options: BatchLoader.Options(
        batchSize: config.batchSize, augmentation: config.augmentation.adapted(to: data.training),
        normalisation: plain, seed: config.seed))
    test = try BatchLoader(
      data.test, options: .evaluation(batchSize: 500, normalisation: plain))
    trainer = try NetworkTrainer(config, hardware: hardware, data: data.training)
    checkpoints = directory.checkpoints(fingerprint: trainer.fingerprint)
    let checkpoint = resume ? try checkpoints.latest(State.self) : nil
    metrics = try directory.metrics(resuming: checkpoint, in: checkpoints)
    if let checkpoint {
      try trainer.restore(checkpoint.state.trainer, checkpoint.tensors)
      secondsBefore = checkpoint.state.trainer.seconds
      evaluations = checkpoint.state.evaluations
      loader.state = BatchLoader.State(epoch: 0, batch: trainer.step)
    } else {
      try directory.write(config: config)
      try hardware.write(to: URL(fileURLWithPath: directory.paths.crossbar))
    }
    try directory.writeMachine(adding: MachineFacts.kernels)
  }

  /// Trains to the end (or to `stopAfter`), evaluates, and writes result and report.
  ///
  /// - Returns: The result, or nil when the run stopped before its end.
  /// - Throws: `KirchhoffError(.interrupted)` after a signal, with everything saved.
  public func run() throws -> NetworkResult? {
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
    let every = config.evaluation.every
    while trainer.step < goal {
      let rate = trainer.learningRate
      let loss = Double(trainer.train(on: try loader.next()))
      let step = trainer.step
      try Divergence.check(
        ["network": loss], of: directory.paths.root, step: step, learningRate: rate,
        checkpoints: checkpoints)
      bar.update(
        step: step, count: step * config.batchSize, phase: config.rule.rawValue, loss: loss)
      options.didStep?(step, loss)
      if step % config.logEvery == 0 || step == config.steps {
        try metrics.append(
          .step(
            StepRecord(
              step: step, phase: config.rule.rawValue, losses: ["network": loss],
              learningRate: Double(rate),
              time: MetricTime(seconds: clock.seconds, imagesPerSecond: bar.rate))))
      }
      if step == config.steps || every > 0 && step % every == 0 { try evaluate(clock) }
      let isSaved = step % config.checkpointEvery == 0 || step == goal
      if isSaved { try save(clock) }
      if SignalGuard.shouldStop {
        if !isSaved { try save(clock) }
        try SignalGuard.check(saved: "step \(step) is saved; go on with --resume")
      }
    }
  }

  private func evaluate(_ clock: TrainingClock) throws {
    let network = trainer.network
    let norms = try network.calibrated(
      on: loader, count: config.evaluation.calibrationBatches, step: trainer.step)
    let record = ArraysRecord(
      step: trainer.step,
      accuracy: try network.accuracy(on: test, norms: norms, step: trainer.step),
      images: data.test.count, layers: trainer.layers, time: MetricTime(seconds: clock.seconds))
    evaluations.append(record)
    try metrics.append(.arrays(record))
  }

  struct State: Codable {
    var trainer: NetworkTrainer.State
    var evaluations: [ArraysRecord]
  }

  private func save(_ clock: TrainingClock) throws {
    try trainer.network.store.checkFinite(
      directory.paths.root, hint: "the training diverged in step \(trainer.step)")
    try metrics.sync()
    try checkpoints.save(
      step: trainer.step,
      state: State(trainer: trainer.state(seconds: clock.seconds), evaluations: evaluations),
      tensors: trainer.checkpointTensors(), metricLines: metrics.lines)
  }

  private func finish(_ clock: TrainingClock) throws -> NetworkResult {
    let seconds = clock.seconds
    let result = NetworkResult(
      network: config.network.name, data: data.test.name, crossbar: config.crossbar,
      rule: config.rule, steps: trainer.step, seconds: seconds,
      imagesPerSecond: Double(trainer.step * config.batchSize) / seconds,
      evaluations: evaluations, run: directory.paths.root)
    try metrics.sync()
    try directory.write(result: result)
    try directory.writeReport()
    return result
  }
}

extension NetworkConfig {
  /// The data, limited as the config has it.
  func loadedData() throws -> DatasetPair {
    var pair = try DatasetRegistry.standard().load(data)
    if trainingImages > 0 { pair.training = pair.training.subset(limit: trainingImages) }
    if evaluation.images > 0 { pair.test = pair.test.subset(limit: evaluation.images) }
    return pair
  }
}
