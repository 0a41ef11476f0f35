import Configuration

/// The divergence between a subnet and its teacher.
public enum DistillationLoss: String, Codable, Hashable, Sendable, CaseIterable {
  /// No teacher: every network learns from the labels.
  case none
  /// Kullback–Leibler divergence from the teacher to the subnet.
  case kl
  /// Cross-entropy to the teacher's softmax: the gradients of `kl`.
  case softCrossEntropy
  /// Adaptive alpha-divergence (Wang et al., AlphaNet, ICML 2021).
  case alpha
}

/// Who teaches.
public enum Teacher: Hashable, Sendable {
  /// The largest network of the same step, its logits detached.
  case inPlace
  /// The largest network of the whole space, as it was when the first phase that asks for it began.
  case frozenLargest
  /// A network of its own, in a file that `kirchhoff extract` wrote.
  case file(String)
}

extension Teacher: Codable {
  /// Reads `inPlace`, `frozenLargest` or a path after `file:`.
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    switch text {
    case "inPlace": self = .inPlace
    case "frozenLargest": self = .frozenLargest
    case let path where path.hasPrefix("file:") && path.count > 5:
      self = .file(String(path.dropFirst(5)))
    default:
      throw FieldError(
        decoder.codingPath, found: "\"\(text)\"",
        expected: "inPlace, frozenLargest or file: with a path")
    }
  }

  /// Writes the text that ``init(from:)`` reads.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .inPlace: try container.encode("inPlace")
    case .frozenLargest: try container.encode("frozenLargest")
    case .file(let path): try container.encode("file:" + path)
    }
  }
}

/// How subnets learn from a teacher.
public struct Distillation: Codable, Hashable, Sendable {
  /// The divergence.
  public var loss: DistillationLoss
  /// Who teaches.
  public var teacher: Teacher
  /// Weight of the divergence.
  public var weight: Double
  /// Weight of the labels' cross-entropy beside it.
  public var labels: Double
  /// What the logits of both are divided by.
  public var temperature: Double
  /// The smaller alpha of the alpha-divergence.
  public var alphaMin: Double
  /// The larger alpha of the alpha-divergence.
  public var alphaMax: Double
  /// Upper bound of the ratio (p / q)^alpha.
  public var alphaClip: Double

  /// In-place distillation by Kullback–Leibler divergence, and AlphaNet's constants.
  public init(
    loss: DistillationLoss = .kl, teacher: Teacher = .inPlace, weight: Double = 1,
    labels: Double = 0, temperature: Double = 1, alphaMin: Double = -1, alphaMax: Double = 1,
    alphaClip: Double = 5
  ) {
    self.loss = loss
    self.teacher = teacher
    self.weight = weight
    self.labels = labels
    self.temperature = temperature
    self.alphaMin = alphaMin
    self.alphaMax = alphaMax
    self.alphaClip = alphaClip
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case loss, teacher, weight, labels, temperature, alphaMin, alphaMax, alphaClip
  }

  /// Reads a distillation; unknown keys are errors.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(
      loss: try fields.word(.loss, or: .kl), teacher: try fields.value(.teacher, or: .inPlace),
      weight: try fields.number(.weight, or: 1, in: 0...1e6),
      labels: try fields.number(.labels, or: 0, in: 0...1e6),
      temperature: try fields.number(.temperature, or: 1, in: 1e-3...1e3),
      alphaMin: try fields.number(.alphaMin, or: -1, in: -100...100),
      alphaMax: try fields.number(.alphaMax, or: 1, in: -100...100),
      alphaClip: try fields.number(.alphaClip, or: 5, in: 0...1e6))
  }
}

/// Per-tensor projection of conflicting gradients (NASViT).
///
/// With a = clamp(−⟨g_sub, g_sup⟩ / (ε + ‖g_sub‖²), 0, clamp), the combined gradient is
/// (1 + a) · g_sub + g_sup: where both conflict, the part of g_sup against g_sub goes.
public struct Projection: Codable, Hashable, Sendable {
  /// Upper bound of a.
  public var clamp: Double
  /// ε.
  public var epsilon: Double

  /// NASViT's constants.
  public init(clamp: Double = 2, epsilon: Double = 1e-6) {
    self.clamp = clamp
    self.epsilon = epsilon
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case clamp, epsilon
  }

  /// Reads a projection; unknown keys are errors.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(
      clamp: try fields.number(.clamp, or: 2, in: 0...1e9),
      epsilon: try fields.number(.epsilon, or: 1e-6, in: 0...1))
  }
}
