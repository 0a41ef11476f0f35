import Autodiff
import Datasets
import NN
import RunLog
import SearchSpace

extension TrainingConfig {
  /// The built-in configurations; the first is the default.
  public static let presets: [ConfigPreset<TrainingConfig>] = [
    ConfigPreset(
      name: "mini",
      summary: "a small hybrid supernet on Fashion-MNIST, two phases, minutes on two cores",
      config: mini),
    ConfigPreset(
      name: "compact",
      summary: "the compact hybrid space on Fashion-MNIST, within an hour on two cores",
      config: compact),
  ]

  /// Reads presets, files and `--set key=value` options.
  public static let loader = ConfigLoader<TrainingConfig>(presets: presets)

  private static var mini: TrainingConfig {
    // One epoch in small batches: in so short a training, many updates count for more than
    // augmentation, which only pays where images are seen several times.
    var config = TrainingConfig()
    config.batchSize = 64
    config.steps = 1000
    config.learningRate = LearningRateSchedule(base: 3e-3, finalFraction: 0.01)
    return config
  }

  private static var compact: TrainingConfig {
    var config = TrainingConfig()
    config.space = "compact"
    config.schedule = .preset("largest-first")
    config.augmentation.mirror = 0.5
    config.batchSize = 64
    config.steps = 9600
    config.learningRate = LearningRateSchedule(base: 3e-3, finalFraction: 0.005)
    config.evaluation.sampled = 8
    config.conflict.every = 100
    return config
  }
}
