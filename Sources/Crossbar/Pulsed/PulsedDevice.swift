import Configuration

/// A device that is trained in place: every pulse moves its weight by a small step (aihwkit's pulsed devices).
///
/// Of each device, the step up is α⁺ = step·(γ + min(a, 0) + ρ) and the step down α⁻ = step·(γ − max(a, 0) − ρ): a is
/// the asymmetry, which aihwkit takes off one of the two; γ differs from device to device by `stepVariation`, ρ by
/// `asymmetryVariation`. With a = 0 it is the form of Rasch et al., Nature Communications 15:7133 (2024).
public struct PulsedDevice: Hashable, Sendable {
  /// How a property differs from device to device.
  public enum Distribution: String, Codable, Hashable, Sendable, CaseIterable {
    /// Gaussian.
    case normal
    /// The exponential of a Gaussian.
    case logNormal = "log-normal"
  }

  /// What it is called.
  public var name: String
  /// What it is, and whose.
  public var summary: String
  /// How a step depends on the weight.
  public var model: PulsedStep
  /// The mean step at weight 0, in units of weights.
  public var step: Float
  /// The mean bounds of weights.
  public var bounds: ClosedRange<Float>
  /// a: what steps down lack, or, below 0, what steps up do.
  public var asymmetry: Float = 0
  /// Standard deviation of γ over devices.
  public var stepVariation: Float = 0.3
  /// The distribution of γ.
  public var stepDistribution = Distribution.normal
  /// Standard deviation over devices of the upper bound, relative to it.
  public var upperVariation: Float = 0.3
  /// Standard deviation over devices of the lower bound, relative to it.
  public var lowerVariation: Float = 0.3
  /// Standard deviation of ρ over devices.
  public var asymmetryVariation: Float = 0.01
  /// Standard deviation of the noise of a pulse, in steps.
  public var cycleToCycle: Float = 0.3
  /// Standard deviation of what is seen after a pulse about what is kept, in steps.
  public var writeNoise: Float = 0

  /// A device with the variations that aihwkit takes where nothing is given.
  public init(
    name: String, summary: String, model: PulsedStep, step: Float, bounds: ClosedRange<Float>
  ) {
    self.name = name
    self.summary = summary
    self.model = model
    self.step = step
    self.bounds = bounds
  }

  /// States between the mean bounds.
  public var stateCount: Float { (bounds.upperBound - bounds.lowerBound) / step }

  /// Soft bounds with variation, weights between −1 and 1 (Nature Communications 15:7133, 2024).
  ///
  /// - Parameters:
  ///   - states: Between the bounds; the step is 2 over that.
  ///   - boundVariation: s_b.
  public static func rasch(states: Float, boundVariation: Float = 0.3) -> PulsedDevice {
    var device = PulsedDevice(
      name: "soft-bounds", summary: "soft bounds of \(Int(states)) states (Rasch et al. 2024)",
      model: .softBounds, step: 2 / states, bounds: -1...1)
    device.stepDistribution = .logNormal
    (device.upperVariation, device.lowerVariation) = (boundVariation, boundVariation)
    device.asymmetryVariation = 0.1
    return device
  }
}

extension PulsedDevice: ConfigurationValue {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case name, summary, model, step, lower, upper, asymmetry, stepVariation, stepDistribution
    case upperVariation, lowerVariation, asymmetryVariation, cycleToCycle, writeNoise
  }

  /// Reads a device; variations that are not given are those of aihwkit's classes.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    let lower = Float(try fields.number(.lower, or: -0.6, in: -1e6...0))
    let upper = Float(try fields.number(.upper, or: 0.6, in: 1e-6...1e6))
    self.init(
      name: try fields.required(.name), summary: try fields.value(.summary, or: "from a file"),
      model: try fields.value(.model, or: .constant),
      step: Float(try fields.number(.step, or: 0.001, in: 1e-9...1e3)), bounds: lower...upper)
    asymmetry = Float(try fields.number(.asymmetry, or: Double(asymmetry), in: -1...1))
    let variation = 0.0...10
    stepVariation = Float(
      try fields.number(.stepVariation, or: Double(stepVariation), in: variation))
    stepDistribution = try fields.word(.stepDistribution, or: stepDistribution)
    upperVariation = Float(
      try fields.number(.upperVariation, or: Double(upperVariation), in: variation))
    lowerVariation = Float(
      try fields.number(.lowerVariation, or: Double(lowerVariation), in: variation))
    asymmetryVariation = Float(
      try fields.number(.asymmetryVariation, or: Double(asymmetryVariation), in: variation))
    cycleToCycle = Float(try fields.number(.cycleToCycle, or: Double(cycleToCycle), in: 0...100))
    writeNoise = Float(try fields.number(.writeNoise, or: 0, in: 0...1000))
  }

  /// Writes what ``init(from:)`` reads.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(summary, forKey: .summary)
    try container.encode(model, forKey: .model)
    try container.encode(step, forKey: .step)
    try container.encode(bounds.lowerBound, forKey: .lower)
    try container.encode(bounds.upperBound, forKey: .upper)
    try container.encode(asymmetry, forKey: .asymmetry)
    try container.encode(stepVariation, forKey: .stepVariation)
    try container.encode(stepDistribution, forKey: .stepDistribution)
    try container.encode(upperVariation, forKey: .upperVariation)
    try container.encode(lowerVariation, forKey: .lowerVariation)
    try container.encode(asymmetryVariation, forKey: .asymmetryVariation)
    try container.encode(cycleToCycle, forKey: .cycleToCycle)
    try container.encode(writeNoise, forKey: .writeNoise)
  }
}

extension PulsedStep: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable { case linear, exponential, power }
  private enum Word: String, CaseIterable {
    case constant
    case softBounds = "soft-bounds"
  }

  private struct Linear: Codable {
    var up: Float
    var down: Float
    var noiseFollowsStep: Bool?
  }

  /// Reads `constant`, `soft-bounds`, `{linear: {up: 0.1, down: 0.1}}`, `{power: 2}` or
  /// `{exponential: {upFactor: …}}`.
  public init(from decoder: any Decoder) throws {
    if let text = try? decoder.singleValueContainer().decode(String.self) {
      switch try parseWord(text, at: decoder.codingPath) as Word {
      case .constant: self = .constant
      case .softBounds: self = .softBounds
      }
      return
    }
    let fields = try StrictFields<CodingKeys>(decoder)
    if let linear: Linear = try fields.optional(.linear) {
      self = .linear(
        up: linear.up, down: linear.down, noiseFollowsStep: linear.noiseFollowsStep ?? false)
    } else if let constants: Exponential = try fields.optional(.exponential) {
      self = .exponential(constants)
    } else {
      self = .power(try fields.requiredNumber(.power, in: 0...100))
    }
  }

  /// Writes what ``init(from:)`` reads.
  public func encode(to encoder: any Encoder) throws {
    if self == .constant || self == .softBounds {
      var container = encoder.singleValueContainer()
      try container.encode((self == .constant ? Word.constant : .softBounds).rawValue)
      return
    }
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .constant: break
    case .linear(let up, let down, let noiseFollowsStep):
      try container.encode(
        Linear(up: up, down: down, noiseFollowsStep: noiseFollowsStep), forKey: .linear)
    case .exponential(let constants): try container.encode(constants, forKey: .exponential)
    case .power(let exponent): try container.encode(exponent, forKey: .power)
    }
  }
}
