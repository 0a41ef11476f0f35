import Datasets
import NN
import RunLog
import Supernet

extension NetworkConfig {
  /// The built-in configurations; the first is the default.
  public static let presets: [ConfigPreset<NetworkConfig>] = [
    ConfigPreset(
      name: "lenet", summary: "LeNet on MNIST, trained on arrays of two-bit devices",
      config: NetworkConfig()),
    ConfigPreset(
      name: "vgg8", summary: "VGG-8 on CIFAR-10, trained on arrays of four-bit devices; hours",
      config: vgg8),
    ConfigPreset(
      name: "binary", summary: "a perceptron on MNIST with weights of two states", config: binary),
    ConfigPreset(
      name: "in-memory", summary: "a perceptron on MNIST, trained where its weights are, by pulses",
      config: inMemoryPerceptron),
    ConfigPreset(
      name: "lstm",
      summary: "an LSTM on MNIST, row by row, its gates on arrays of four-bit devices",
      config: lstm),
  ]

  /// Reads presets, files and `--set key=value` options.
  public static let loader = ConfigLoader<NetworkConfig>(presets: presets)

  /// Whether a preset's name or a YAML file is a config of this kind, not of a supernet.
  public static func recognises(_ source: String) -> Bool {
    loader.recognises(source, byKey: "network")
  }

  /// The published training of VGG-8: 100 epochs at 0.003 (arXiv 2305.14547).
  ///
  /// The paper halves the rate when test accuracy stalls; a cosine, which looks at no test image, stands
  /// for that.
  private static var vgg8: NetworkConfig {
    var config = NetworkConfig()
    config.network = .preset("vgg8")
    config.data = DatasetSource("cifar10")
    config.augmentation.mirror = 0.5
    config.crossbar = "bulk-switching"
    config.steps = 78_100
    config.learningRate = LearningRateSchedule(base: 3e-3)
    config.evaluation.every = 781
    config.checkpointEvery = 781
    return config
  }

  /// A perceptron 784-200-10 whose weights are two-state devices, toggled past a threshold: SGD at 0.1, four
  /// epochs of batches of 64.
  private static var binary: NetworkConfig {
    var config = NetworkConfig()
    config.network = .preset("mlp200")
    config.crossbar = "binary-memristor"
    config.rule = .binaryThreshold
    config.descend(rate: 0.1)
    config.steps = 3748
    config.evaluation.every = 937
    config.checkpointEvery = 937
    return config
  }

  /// A perceptron 784-256-128-10 on arrays with aihwkit's converters, chopped Tiki-Taka v2 on soft-bounds devices
  /// of 20 states: the 235 k weights and the devices of Nature Communications 15:7133 (2024).
  private static var inMemoryPerceptron: NetworkConfig {
    var config = NetworkConfig()
    config.network = .preset("mlp3")
    config.crossbar = "standard"
    config.rule = .chopped
    config.range = 2
    config.inMemory = InMemorySettings()
    config.descend(rate: 0.1)
    config.steps = 4685
    config.evaluation.every = 937
    config.checkpointEvery = 937
    return config
  }

  /// An LSTM of 64 cells over the rows of an image, mixed precision on arrays of four-bit devices.
  private static var lstm: NetworkConfig {
    var config = NetworkConfig()
    config.network = .preset("lstm")
    config.crossbar = "bulk-switching"
    config.range = 2
    config.steps = 1874
    config.learningRate = LearningRateSchedule(base: 4e-3)
    config.evaluation.every = 937
    config.checkpointEvery = 937
    return config
  }

  /// Plain stochastic gradient descent.
  private mutating func descend(rate: Float) {
    optimizer.kind = .sgd
    optimizer.momentum = 0
    optimizer.nesterov = false
    optimizer.weightDecay = 0
    learningRate = LearningRateSchedule(base: rate)
  }
}
