import Configuration

/// Weights that a phase can freeze together.
public enum ParameterGroup: String, Codable, Hashable, Sendable, CaseIterable {
  /// The first convolution and its norm.
  case stem
  /// All MBConv blocks.
  case mbconv
  /// The entry convolutions of stages.
  case entry
  /// All transformer blocks.
  case vit
  /// Everything behind the last stage.
  case head
}

/// How long a phase is.
///
/// All phases of a schedule use the same unit.
public enum PhaseLength: Hashable, Sendable {
  /// A share of the whole training.
  case fraction(Double)
  /// Passes over the training images.
  case epochs(Double)
  /// Optimiser steps.
  case steps(Int)

  package var amount: Double {
    switch self {
    case .fraction(let share): share
    case .epochs(let epochs): epochs
    case .steps(let steps): Double(steps)
    }
  }

  var unit: String {
    switch self {
    case .fraction: "fraction"
    case .epochs: "epochs"
    case .steps: "steps"
    }
  }
}

/// One phase of supernet training: what is sampled, what is trained, and how.
public struct Phase: Hashable, Sendable {
  /// A name for logs.
  public var name: String
  /// Its length.
  public var length: PhaseLength
  /// The part of the space that is sampled.
  public var restriction: Restriction
  /// How the subnets of a step are chosen.
  public var sampler: SamplerChoice
  /// The weights that stay as they are.
  public var frozen: [ParameterGroup]
  /// Factor on the learning rate.
  public var lrScale: Double
  /// Share of the phase in which the learning rate rises linearly from 0.
  public var warmUp: Double
  /// Whether the learning-rate curve begins anew with the phase; if not, it runs over the whole
  /// training.
  public var restartsCurve: Bool
  /// The projection of conflicting gradients, or nil.
  public var projection: Projection?
  /// How subnets learn from a teacher.
  public var distillation: Distillation
  /// What the residual scale of the transformer blocks is set to when the phase begins, or nil to
  /// leave it.
  public var insertionScale: Double?
  /// Whether the middle channels of MBConvs are sorted by importance when the phase begins (OFA).
  public var sortsChannels: Bool

  /// A phase; without arguments but a name, all of the training with the sandwich rule.
  public init(
    _ name: String, length: PhaseLength = .fraction(1), restriction: Restriction = .none,
    sampler: SamplerChoice = .sandwich(random: 2), frozen: [ParameterGroup] = [],
    lrScale: Double = 1, warmUp: Double = 0, restartsCurve: Bool = false,
    projection: Projection? = nil, distillation: Distillation = Distillation(),
    insertionScale: Double? = nil, sortsChannels: Bool = false
  ) {
    self.name = name
    self.length = length
    self.restriction = restriction
    self.sampler = sampler
    self.frozen = frozen
    self.lrScale = lrScale
    self.warmUp = warmUp
    self.restartsCurve = restartsCurve
    self.projection = projection
    self.distillation = distillation
    self.insertionScale = insertionScale
    self.sortsChannels = sortsChannels
  }
}

extension Phase: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case name, fraction, epochs, steps, restriction, sampler, frozen, lrScale, warmUp
    case restartsCurve, projection, distillation, insertionScale, sortsChannels
  }

  /// Reads a phase; unknown keys are errors, and exactly one of `fraction`, `epochs` and `steps`
  /// gives the length.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    let given = fields.present.filter { [.fraction, .epochs, .steps].contains($0) }
    guard given.count == 1 else {
      let found = given.map(\.stringValue).sorted().joined(separator: " and ")
      throw FieldError(
        fields.path, found: found.isEmpty ? "no length" : found,
        expected: "one of fraction, epochs and steps")
    }
    let length: PhaseLength =
      switch given[0] {
      case .fraction: .fraction(try fields.number(.fraction, or: 1, in: 1e-9...1))
      case .epochs: .epochs(try fields.number(.epochs, or: 1, in: 1e-9...1e9))
      default: .steps(Int(try fields.number(.steps, or: 1, in: 1...1e15)))
      }
    self.init(
      try fields.value(.name, or: "phase"), length: length,
      restriction: try fields.value(.restriction, or: .none),
      sampler: try fields.value(.sampler, or: .sandwich(random: 2)),
      frozen: try fields.words(.frozen),
      lrScale: try fields.number(.lrScale, or: 1, in: 0...1e6),
      warmUp: try fields.number(.warmUp, or: 0, in: 0...1),
      restartsCurve: try fields.value(.restartsCurve, or: false),
      projection: try fields.optional(.projection),
      distillation: try fields.value(.distillation, or: Distillation()),
      insertionScale: fields.present.contains(.insertionScale)
        ? try fields.number(.insertionScale, or: 0, in: 0...1e3) : nil,
      sortsChannels: try fields.value(.sortsChannels, or: false))
  }

  /// Writes a phase.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    switch length {
    case .fraction(let share): try container.encode(share, forKey: .fraction)
    case .epochs(let epochs): try container.encode(epochs, forKey: .epochs)
    case .steps(let steps): try container.encode(steps, forKey: .steps)
    }
    if restriction != .none { try container.encode(restriction, forKey: .restriction) }
    try container.encode(sampler, forKey: .sampler)
    try container.encode(frozen, forKey: .frozen)
    try container.encode(lrScale, forKey: .lrScale)
    try container.encode(warmUp, forKey: .warmUp)
    try container.encode(restartsCurve, forKey: .restartsCurve)
    try container.encodeIfPresent(projection, forKey: .projection)
    try container.encode(distillation, forKey: .distillation)
    try container.encodeIfPresent(insertionScale, forKey: .insertionScale)
    try container.encode(sortsChannels, forKey: .sortsChannels)
  }
}
