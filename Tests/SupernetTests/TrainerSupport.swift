import Kirchhoff
import Testing

extension TrainingConfig {
  /// A short training on tiny images, every step measured and logged, without weight decay: what has
  /// no gradient stays where it is.
  static func tiny(_ schedule: ScheduleChoice = .preset("joint"), steps: Int = 8) -> TrainingConfig
  {
    var config = TrainingConfig()
    config.schedule = schedule
    config.steps = steps
    config.batchSize = 8
    config.learningRate = LearningRateSchedule(base: 5e-3, finalFraction: 0.1)
    config.optimizer.weightDecay = 0
    config.conflict.every = 1
    config.logEvery = 1
    config.checkpointEvery = 1000
    config.calibration.batches = 1
    config.calibration.batchSize = 16
    config.evaluation.sampled = 0
    return config
  }
}

extension SupernetTrainer {
  /// Takes steps on the batches of `loader` in its order; `body` sees each outcome.
  func train(_ count: Int, _ loader: BatchLoader, _ body: (Outcome) throws -> Void = { _ in })
    throws
  {
    for _ in 0..<count {
      let index = step % loader.batchesPerEpoch
      try body(train(on: loader.batch(epoch: step / loader.batchesPerEpoch, index: index)))
    }
  }
}

extension BatchLoader {
  /// Batches of tiny images, made in the calling thread.
  static func tiny(batchSize: Int = 8) throws -> BatchLoader {
    let folder = try TemporaryFolder()
    var options = Options(batchSize: batchSize, seed: 1)
    options.workers = 0
    return try BatchLoader(TinyImages.load(in: folder).training, options: options)
  }
}
