/// One line of `metrics.jsonl`.
///
/// A line is a JSON object with sorted keys; its `kind` says which of the records below it holds:
///
///     {"kind":"step","learningRate":0.1,"losses":{"max":0.5},"phase":"joint","step":7,"time":{…}}
///
/// Everything outside `time` is a function of config and seed: an interrupted and resumed run
/// writes the same lines as an uninterrupted one. Whatever a clock has touched stands in `time`.
public enum MetricRecord: Equatable, Sendable {
  /// A training phase begins.
  case phase(PhaseRecord)
  /// A training step, or the mean of the steps since the line before.
  case step(StepRecord)
  /// The accuracy of one subnet.
  case evaluation(EvaluationRecord)
  /// How the gradients of two kinds of subnets agree on one tensor.
  case conflict(ConflictRecord)
  /// The accuracy of a network on arrays, and how often its devices were programmed.
  case arrays(ArraysRecord)

  /// The training step that the record belongs to.
  public var step: Int {
    switch self {
    case .phase(let record): record.step
    case .step(let record): record.step
    case .evaluation(let record): record.step
    case .conflict(let record): record.step
    case .arrays(let record): record.step
    }
  }
}

/// What a clock measured; kept apart from the reproducible figures.
public struct MetricTime: Codable, Equatable, Sendable {
  /// Seconds of training since the run began, resumed parts included.
  public var seconds: Double
  /// Training images a second since the line before, counting an image once however many subnets
  /// see it.
  public var imagesPerSecond: Double?

  /// Creates the time part of a record.
  public init(seconds: Double, imagesPerSecond: Double? = nil) {
    self.seconds = seconds
    self.imagesPerSecond = imagesPerSecond
  }
}

/// The beginning of a training phase.
public struct PhaseRecord: Codable, Equatable, Sendable {
  /// The last step before the phase (0 for the first one).
  public var step: Int
  /// The name of the phase.
  public var phase: String
  /// Steps that the phase will take.
  public var steps: Int
  /// What the phase does, in a few words for the report's reader.
  public var summary: String

  /// Creates a record.
  public init(step: Int, phase: String, steps: Int, summary: String) {
    self.step = step
    self.phase = phase
    self.steps = steps
    self.summary = summary
  }
}

/// Losses and learning rate at one step.
public struct StepRecord: Codable, Equatable, Sendable {
  /// The number of the step, from 1.
  public var step: Int
  /// The name of the phase.
  public var phase: String
  /// Mean loss by the role of the subnet in the sandwich: "max", "min", "random".
  public var losses: [String: Double]
  /// The learning rate of the step.
  public var learningRate: Double
  /// The norm of the whole gradient before clipping, where it was measured.
  public var gradientNorm: Double?
  /// What the clock said.
  public var time: MetricTime?

  /// Creates a record.
  public init(
    step: Int, phase: String, losses: [String: Double], learningRate: Double,
    gradientNorm: Double? = nil, time: MetricTime? = nil
  ) {
    self.step = step
    self.phase = phase
    self.losses = losses
    self.learningRate = learningRate
    self.gradientNorm = gradientNorm
    self.time = time
  }
}

/// Why a subnet was evaluated.
public enum SubnetGroup: String, Codable, Sendable, CaseIterable {
  /// The largest subnet of the space.
  case largest
  /// The smallest subnet of the space.
  case smallest
  /// A random one in between.
  case sampled
  /// A random one with convolutions only.
  case cnnOnly = "cnn-only"
  /// A random one with transformers wherever the space allows them.
  case vitHeavy = "vit-heavy"
}

/// What a subnet is made of; the reports colour by it.
public enum SubnetFamily: String, Codable, Sendable, CaseIterable {
  /// Convolution blocks only.
  case cnnOnly = "cnn-only"
  /// Both kinds of blocks.
  case hybrid
  /// Transformers in most slots that allow them.
  case vitHeavy = "vit-heavy"
}

/// The accuracy of one subnet.
public struct EvaluationRecord: Codable, Equatable, Sendable {
  /// The training step of the weights.
  public var step: Int
  /// The name of the phase.
  public var phase: String
  /// The subnet's identifier, unique in its space.
  public var subnet: String
  /// Why it was evaluated.
  public var group: SubnetGroup
  /// What it is made of.
  public var family: SubnetFamily
  /// Share of images classified correctly, 0 to 1.
  public var accuracy: Double
  /// Mean cross-entropy, where it was measured.
  public var loss: Double?
  /// Number of parameters of the extracted subnet.
  public var parameters: Int
  /// Multiply-accumulates for one image.
  public var macs: Int
  /// Whether batch-norm statistics were calibrated for this subnet.
  public var calibrated: Bool
  /// How many images it was tested on.
  public var images: Int
  /// What the clock said.
  public var time: MetricTime?

  /// Creates a record.
  public init(
    step: Int, phase: String, subnet: String, group: SubnetGroup, family: SubnetFamily,
    accuracy: Double, loss: Double? = nil, parameters: Int, macs: Int, calibrated: Bool,
    images: Int, time: MetricTime? = nil
  ) {
    self.step = step
    self.phase = phase
    self.subnet = subnet
    self.group = group
    self.family = family
    self.accuracy = accuracy
    self.loss = loss
    self.parameters = parameters
    self.macs = macs
    self.calibrated = calibrated
    self.images = images
    self.time = time
  }
}

/// How the gradients of two kinds of subnets agree on one tensor, over a window of steps.
public struct ConflictRecord: Codable, Equatable, Sendable {
  /// The last step of the window.
  public var step: Int
  /// The name of the phase.
  public var phase: String
  /// The tensor that both subnets share.
  public var tensor: String
  /// The layer or block that the tensor belongs to, such as "stage3.block1".
  public var layer: String
  /// The kind of that block: "stem", "mbconv", "vit", "head".
  public var blockKind: String
  /// Whose gradients were compared, such as "max|min" or "cnn|vit".
  public var pair: String
  /// Mean cosine of the two gradients, -1 to 1.
  public var cosine: Double
  /// Share of samples in which it was negative, 0 to 1.
  public var negativeShare: Double
  /// Number of samples.
  public var samples: Int

  /// Creates a record.
  public init(
    step: Int, phase: String, tensor: String, layer: String, blockKind: String, pair: String,
    cosine: Double, negativeShare: Double, samples: Int
  ) {
    self.step = step
    self.phase = phase
    self.tensor = tensor
    self.layer = layer
    self.blockKind = blockKind
    self.pair = pair
    self.cosine = cosine
    self.negativeShare = negativeShare
    self.samples = samples
  }
}

extension MetricRecord: Codable {
  private enum Kind: String, Codable { case phase, step, evaluation, conflict, arrays }
  private enum CodingKeys: String, CodingKey { case kind }

  /// Writes `kind` beside the fields of the record.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .phase(let record):
      try container.encode(Kind.phase, forKey: .kind)
      try record.encode(to: encoder)
    case .step(let record):
      try container.encode(Kind.step, forKey: .kind)
      try record.encode(to: encoder)
    case .evaluation(let record):
      try container.encode(Kind.evaluation, forKey: .kind)
      try record.encode(to: encoder)
    case .conflict(let record):
      try container.encode(Kind.conflict, forKey: .kind)
      try record.encode(to: encoder)
    case .arrays(let record):
      try container.encode(Kind.arrays, forKey: .kind)
      try record.encode(to: encoder)
    }
  }

  /// Reads the record that `kind` names.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    switch try container.decode(Kind.self, forKey: .kind) {
    case .phase: self = .phase(try PhaseRecord(from: decoder))
    case .step: self = .step(try StepRecord(from: decoder))
    case .evaluation: self = .evaluation(try EvaluationRecord(from: decoder))
    case .conflict: self = .conflict(try ConflictRecord(from: decoder))
    case .arrays: self = .arrays(try ArraysRecord(from: decoder))
    }
  }
}
