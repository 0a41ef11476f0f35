import Crossbar
import Datasets
import Foundation
import NN
import RunLog
import Runtime
import Supernet

/// Everything that decides the training of a network on arrays: the same config and seed give the same
/// bits.
public struct NetworkConfig: Codable, Hashable, Sendable {
  /// The layers: a preset's name, or a list.
  public var network = NetworkChoice.preset("lenet")
  /// The data set.
  public var data = DatasetSource("mnist")
  /// Training images; 0 for all.
  public var trainingImages = 0
  /// What happens to training images.
  public var augmentation = Augmentation.none
  /// The arrays: a preset's name or the path of a YAML file.
  public var crossbar = "bulk-switching-2bit"
  /// How devices follow the training.
  public var rule = WriteRule.mixedPrecision
  /// θ in units of the largest weight of a pair; absent: a level of the device.
  public var threshold: Float?
  /// The largest weight of a pair, in units of a layer's largest first weight.
  public var range: Float = 1
  /// Whether targets are rounded to the device's levels.
  public var snaps = true
  /// Standard deviation of noise on the weights of every forward pass of the training, in units of a
  /// layer's largest; absent for none.
  public var weightNoise: Float?
  /// What the codes of inputs reach up to; absent: the largest input of a batch.
  public var inputRange: TrainedArraySettings.InputRangeChoice?
  /// The devices and constants of rules that train in memory; absent: as published.
  public var inMemory: InMemorySettings?
  /// Images a step.
  public var batchSize = 64
  /// Training steps.
  public var steps = 5200
  /// The seed of everything.
  public var seed: UInt64 = 1
  /// The update rule.
  public var optimizer = TrainingConfig.OptimizerChoice()
  /// The learning rate over the run.
  public var learningRate = LearningRateSchedule(base: 4e-3, decay: .constant)
  /// What is evaluated, and when.
  public var evaluation = Evaluation()
  /// Steps between checkpoints.
  public var checkpointEvery = 400
  /// Steps between lines of metrics.
  public var logEvery = 20

  /// When accuracy is measured.
  public struct Evaluation: Codable, Hashable, Sendable {
    /// Steps between evaluations during training; 0 evaluates at the end only.
    public var every = 400
    /// Test images; 0 for all.
    public var images = 0
    /// Training batches that batch norms are calibrated on.
    public var calibrationBatches = 20

    /// Every 400 steps, all images.
    public init() {}
  }

  /// The published training of LeNet on two-bit devices (arXiv 2305.14547).
  public init() { optimizer.weightDecay = 0.01 }
}

extension NetworkConfig: ValidatedConfig {
  /// Checks every value that has a range.
  public func validate() throws {
    try require("batchSize", batchSize, in: 1...65_536)
    try require("steps", steps, in: 1...1_000_000_000)
    try require("trainingImages", trainingImages, atLeast: 0)
    if let threshold { try require("threshold", threshold, in: 1e-6...2) }
    try require("range", range, in: 1e-3...1e3)
    if let weightNoise { try require("weightNoise", weightNoise, in: 0...10) }
    try require(
      "learningRate.base", learningRate.base, "above 0, at most 100",
      learningRate.base > 0 && learningRate.base <= 100)
    try require("evaluation.every", evaluation.every, atLeast: 0)
    try require("evaluation.images", evaluation.images, atLeast: 0)
    try require("evaluation.calibrationBatches", evaluation.calibrationBatches, in: 1...100_000)
    try require("checkpointEvery", checkpointEvery, atLeast: 1)
    try require("logEvery", logEvery, atLeast: 1)
  }
}

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
    config.optimizer.kind = .sgd
    config.optimizer.momentum = 0
    config.optimizer.nesterov = false
    config.optimizer.weightDecay = 0
    config.learningRate = LearningRateSchedule(base: 0.1)
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
    config.optimizer.kind = .sgd
    config.optimizer.momentum = 0
    config.optimizer.nesterov = false
    config.optimizer.weightDecay = 0
    config.learningRate = LearningRateSchedule(base: 0.1)
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

  /// The arrays.
  ///
  /// - Parameter run: A run that was begun; its copy is read, so that a file may be changed or moved.
  /// - Throws: `KirchhoffError` for an unknown preset or a wrong file.
  public func hardware(of run: RunPaths? = nil) throws -> CrossbarHardware {
    if let copy = run?.crossbar, Folder.exists(copy) {
      return try CrossbarHardware(contentsOf: URL(fileURLWithPath: copy))
    }
    return try CrossbarHardware.named(crossbar)
  }

  /// The arrays with how their devices follow.
  func settings(_ hardware: CrossbarHardware) -> TrainedArraySettings {
    var settings = TrainedArraySettings(rule: rule, hardware: hardware)
    settings.threshold = threshold
    settings.range = range
    settings.snaps = snaps
    settings.weightNoise = weightNoise ?? 0
    settings.inputRange = inputRange ?? .largest
    settings.inMemory = inMemory ?? InMemorySettings()
    settings.learningRate = learningRate.base
    return settings
  }
}

extension CrossbarHardware {
  /// A preset by its name, or the hardware of a YAML file.
  ///
  /// - Throws: `KirchhoffError` with the nearest preset's name, or with what is wrong in the file.
  public static func named(_ name: String, in folder: URL? = nil) throws -> CrossbarHardware {
    PathParts.namesYAML(name)
      ? try CrossbarHardware(contentsOf: URL(fileURLWithPath: name, relativeTo: folder))
      : try preset(name)
  }
}
