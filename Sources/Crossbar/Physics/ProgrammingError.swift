import Configuration
import Foundation
import Runtime

/// A generic programming error (the models of CrossSim).
///
/// With g in units of the largest conductance and s the standard deviation, `independent` is g + s·ξ,
/// `proportional` is g·(1 + s·ξ), and `inverse` is g + (s/g)·ξ. The reference gives no formula for the last
/// one; g counts as a hundredth at least there.
public struct ProgrammingError: Codable, Hashable, Sendable {
  /// The shape of ξ, which has mean 0 and variance 1.
  public enum Distribution: String, Codable, Hashable, Sendable, CaseIterable {
    /// Gaussian.
    case normal
    /// Uniform from −√3 to √3.
    case uniform
    /// The conductance is log-normal, of mean g and the scale's standard deviation.
    case logNormal = "log-normal"
  }

  /// How the standard deviation depends on the conductance.
  public enum Scale: String, Codable, Hashable, Sendable, CaseIterable {
    /// Not at all.
    case independent
    /// In proportion.
    case proportional
    /// In inverse proportion.
    case inverse
  }

  /// The shape.
  public var distribution: Distribution
  /// How it depends on the conductance.
  public var scale: Scale
  /// s.
  public var deviation: Float

  /// An error model.
  public init(_ distribution: Distribution, _ scale: Scale, deviation: Float) {
    self.distribution = distribution
    self.scale = scale
    self.deviation = deviation
  }

  /// Standard deviation at a target, both in units of the largest conductance.
  public func deviation(at ratio: Float) -> Float {
    switch scale {
    case .independent: deviation
    case .proportional: deviation * ratio
    case .inverse: deviation / max(ratio, 0.01)
    }
  }

  /// The conductance that a device gets, in units of the largest; never below 0.
  ///
  /// - Parameter number: Which element of the stream is this device's.
  func programmed(_ ratio: Float, _ stream: RandomStream, at number: UInt64) -> Float {
    let spread = deviation(at: ratio)
    switch distribution {
    case .normal: return max(ratio + spread * stream.gaussian(at: number), 0)
    case .uniform:
      let unit = Float(3).squareRoot() * (2 * stream.uniform(at: number) - 1)
      return max(ratio + spread * unit, 0)
    case .logNormal:
      return logNormal(mean: ratio, deviation: spread, stream.gaussian(at: number))
    }
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case distribution, scale, deviation }

  /// Reads an error model; s is 0 to 10.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(
      try fields.word(.distribution, or: .normal), try fields.word(.scale, or: .independent),
      deviation: try fields.requiredNumber(.deviation, in: 0...10))
  }
}

/// A log-normal number of given mean and standard deviation, from a standard Gaussian one.
func logNormal(mean: Float, deviation: Float, _ gaussian: Float) -> Float {
  guard mean > 0 else { return mean }
  let variance = log1p((deviation / mean) * (deviation / mean))
  return mean * exp(variance.squareRoot() * gaussian - variance / 2)
}
