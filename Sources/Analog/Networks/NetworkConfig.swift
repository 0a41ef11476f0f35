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
