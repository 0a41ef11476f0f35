import Foundation

/// How far a pulse moves the weight of a device, by where it is (aihwkit's pulsed devices).
///
/// A pulse up adds α⁺·f⁺, a pulse down takes α⁻·f⁻; with z the noise of a cycle, f is:
public enum PulsedStep: Hashable, Sendable {
  /// f = 1 + z, wherever the weight is.
  case constant
  /// f = 1 − slope·w/bound + z, with the bound that the pulse moves to; `noiseFollowsStep`: (1 − slope·w/bound)·
  /// (1 + z). Soft bounds have slopes of 1.
  case linear(up: Float, down: Float, noiseFollowsStep: Bool = false)
  /// f = max(0, 1 − A·e^(±γ·u))·(1 + z), with u = 2a·w/(upper − lower) + b.
  case exponential(Exponential)
  /// f = ((upper − w)/(upper − lower))^γ·(1 + z) up, ((w − lower)/(upper − lower))^γ·(1 + z) down.
  case power(Float)

  /// The constants of exponential steps.
  public struct Exponential: Codable, Hashable, Sendable {
    /// A of pulses up.
    public var upFactor: Float
    /// A of pulses down.
    public var downFactor: Float
    /// γ of pulses up.
    public var upExponent: Float
    /// γ of pulses down.
    public var downExponent: Float
    /// a.
    public var scale: Float
    /// b.
    public var offset: Float

    /// Constants.
    public init(
      upFactor: Float, downFactor: Float, upExponent: Float, downExponent: Float, scale: Float,
      offset: Float
    ) {
      self.upFactor = upFactor
      self.downFactor = downFactor
      self.upExponent = upExponent
      self.downExponent = downExponent
      self.scale = scale
      self.offset = offset
    }
  }

  /// Steps that shrink to nothing at the bounds.
  public static let softBounds = PulsedStep.linear(up: 1, down: 1)

  /// f of a pulse.
  ///
  /// - Parameters:
  ///   - weight: Where the device is.
  ///   - lower: Its lower bound, below 0 or 0.
  ///   - upper: Its upper bound, above 0.
  ///   - noise: z.
  @inline(__always)
  func factor(_ isUp: Bool, _ weight: Float, _ lower: Float, _ upper: Float, _ noise: Float)
    -> Float
  {
    // A device whose bounds have drawn together cannot move.
    guard lower < upper else { return 0 }
    switch self {
    case .constant:
      return 1 + noise
    case .linear(let up, let down, let noiseFollowsStep):
      let (slope, bound) = isUp ? (up, upper) : (down, lower)
      // A bound at zero is reached at zero.
      let shape = bound == 0 ? 0 : 1 - slope * weight / bound
      return noiseFollowsStep ? shape * (1 + noise) : shape + noise
    case .exponential(let constants):
      let place = 2 * constants.scale * weight / (upper - lower) + constants.offset
      let shape =
        isUp
        ? 1 - constants.upFactor * exp(constants.upExponent * place)
        : 1 - constants.downFactor * exp(-constants.downExponent * place)
      return max(shape, 0) * (1 + noise)
    case .power(let exponent):
      let left = (isUp ? upper - weight : weight - lower) / (upper - lower)
      return pow(max(left, 0), exponent) * (1 + noise)
    }
  }
}
