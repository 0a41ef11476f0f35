import Autodiff
import Datasets
import NN
import RunLog
import SearchSpace

/// Everything that decides a supernet training: the same config and seed give the same bits.
public struct TrainingConfig: Codable, Hashable, Sendable {
  /// Which update rule.
  public enum OptimizerKind: String, Codable, Sendable, CaseIterable {
    /// Adam with decoupled weight decay.
    case adamw
    /// Momentum descent.
    case sgd
  }

  /// The update rule and its constants.
  public struct OptimizerChoice: Codable, Hashable, Sendable {
    /// Which rule.
    public var kind = OptimizerKind.adamw
    /// Decay of weights; biases, norms and scales never decay.
    public var weightDecay: Float = 0.05
    /// Momentum of `sgd`; ignored by `adamw`.
    public var momentum: Float = 0.9
    /// Whether the momentum of `sgd` is Nesterov's.
    public var nesterov = true
    /// First decay rate of `adamw`.
    public var beta1: Float = 0.9
    /// Second decay rate of `adamw`.
    public var beta2: Float = 0.999
    /// Epsilon of `adamw`.
    public var epsilon: Float = 1e-8
    /// Largest norm of all gradients; absent for no limit.
    public var clipNorm: Float?
    /// Largest absolute value of a gradient element; absent for no limit.
    public var clipValue: Float?

    /// AdamW with weight decay 0.05 and no clipping.
    public init() {}
  }

  /// How batch norms get their statistics before a subnet is evaluated.
  public struct Calibration: Codable, Hashable, Sendable {
    /// How batch statistics become one.
    public var convention = CalibrationConvention.cumulative
    /// Training batches.
    public var batches = 8
    /// Images a batch.
    public var batchSize = 256

    /// Eight batches of 256, cumulative.
    public init() {}
  }

  /// Which subnets are evaluated, and when.
  public struct Evaluation: Codable, Hashable, Sendable {
    /// Steps between evaluations during training; 0 evaluates at the end only.
    public var every = 0
    /// Random subnets in the table.
    public var sampled = 4
    /// Test images; 0 for all.
    public var images = 0

    /// At the end, all images.
    public init() {}
  }

  /// How the conflict meter works.
  public struct Conflict: Codable, Hashable, Sendable {
    /// Steps between measurements; 0 switches the meter off.
    public var every = 20

    /// Every twentieth step.
    public init() {}
  }

  /// The search space: a preset's name or the path of a YAML file.
  public var space = "mini"
  /// The data set.
  public var data = DatasetSource("fashion-mnist")
  /// Training images; 0 for all.
  public var trainingImages = 0
  /// What happens to training images.
  public var augmentation = Augmentation.none
  /// Images a step.
  public var batchSize = 128
  /// Training steps.
  public var steps = 1000
  /// The seed of everything.
  public var seed: UInt64 = 1
  /// The phases: a preset's name, or a list.
  public var schedule = ScheduleChoice.preset("cnn-first")
  /// The divergence between subnets and their teacher, for phases of a preset.
  public var distillation: DistillationLoss?
  /// The update rule.
  public var optimizer = OptimizerChoice()
  /// The learning rate over the run.
  public var learningRate = LearningRateSchedule(base: 2e-3, finalFraction: 0.01)
  /// Share of the target that is spread over all classes.
  public var labelSmoothing: Float = 0.1
  /// Regularisation of the largest network only, as BigNAS and AttentiveNAS do.
  public var regularization = Regularization()
  /// Standard deviation of noise on all weights of a training step, in units of each tensor's largest.
  ///
  /// It makes subnets bear the errors of analog arrays; absent for none.
  public var weightNoise: Float?
  /// What training rounds as arrays and converters will; absent for nothing.
  public var quantisation: Quantisation?
  /// Decay of a moving average of the weights, which is then evaluated; absent for none.
  public var averageDecay: Float?
  /// Batch-norm calibration.
  public var calibration = Calibration()
  /// What is evaluated.
  public var evaluation = Evaluation()
  /// The conflict meter.
  public var conflict = Conflict()
  /// Steps between checkpoints.
  public var checkpointEvery = 250
  /// Steps between lines of metrics.
  public var logEvery = 10

  /// The defaults: a short run of `mini`.
  public init() {}
}

/// A schedule in a config: a preset's name, or phases spelled out.
public enum ScheduleChoice: Hashable, Sendable {
  /// One of `PhaseSchedule.presetNames`.
  case preset(String)
  /// Phases of its own.
  case phases(PhaseSchedule)

  /// The preset's name, or that of the phases.
  public var name: String {
    switch self {
    case .preset(let name): name
    case .phases(let schedule): schedule.name
    }
  }

  /// The schedule.
  ///
  /// - Throws: `KirchhoffError` for an unknown preset.
  public func resolved() throws -> PhaseSchedule {
    switch self {
    case .preset(let name): try PhaseSchedule.preset(name)
    case .phases(let schedule): schedule
    }
  }
}

extension ScheduleChoice: Codable {
  /// Reads a name or a schedule.
  public init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      self = .preset(name)
    } else {
      self = .phases(try PhaseSchedule(from: decoder))
    }
  }

  /// Writes what `init(from:)` reads.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .preset(let name):
      var container = encoder.singleValueContainer()
      try container.encode(name)
    case .phases(let schedule): try schedule.encode(to: encoder)
    }
  }
}

extension TrainingConfig: ValidatedConfig {
  /// Checks every value that has a range.
  public func validate() throws {
    try require("batchSize", batchSize, in: 1...65_536)
    try require("steps", steps, in: 1...1_000_000_000)
    try require("trainingImages", trainingImages, atLeast: 0)
    try require("labelSmoothing", labelSmoothing, in: 0...0.999)
    try require("regularization.dropout", regularization.dropout, in: 0...0.999)
    try require("regularization.dropPath", regularization.dropPath, in: 0...0.999)
    try require("optimizer.weightDecay", optimizer.weightDecay, in: 0...10)
    try require("optimizer.momentum", optimizer.momentum, in: 0...0.99999)
    try require("optimizer.beta1", optimizer.beta1, in: 0...0.99999)
    try require("optimizer.beta2", optimizer.beta2, in: 0...0.9999999)
    try require("optimizer.epsilon", optimizer.epsilon, in: 0...1)
    try require(
      "learningRate.base", learningRate.base, "above 0, at most 100",
      learningRate.base > 0 && learningRate.base <= 100)
    try require("learningRate.finalFraction", learningRate.finalFraction, in: 0...1)
    try require("learningRate.warmUpSteps", learningRate.warmUpSteps, atLeast: 0)
    try require("learningRate.warmUpFraction", learningRate.warmUpFraction, in: 0...1)
    try require("learningRate.stepFactor", learningRate.stepFactor, in: 0...1)
    for (index, milestone) in learningRate.milestones.enumerated() {
      try require("learningRate.milestones[\(index)]", milestone, in: 0...1)
    }
    if let weightNoise { try require("weightNoise", weightNoise, in: 0...10) }
    try require("calibration.batches", calibration.batches, in: 1...100_000)
    try require("calibration.batchSize", calibration.batchSize, in: 2...65_536)
    try require("evaluation.every", evaluation.every, atLeast: 0)
    try require("evaluation.sampled", evaluation.sampled, in: 0...10_000)
    try require("evaluation.images", evaluation.images, atLeast: 0)
    try require("conflict.every", conflict.every, atLeast: 0)
    try require("checkpointEvery", checkpointEvery, atLeast: 1)
    try require("logEvery", logEvery, atLeast: 1)
    if let averageDecay { try require("averageDecay", averageDecay, in: 0...0.9999999) }
    if case .preset(let name) = schedule {
      try require("schedule", name, oneOf: PhaseSchedule.presetNames)
    }
  }
}
