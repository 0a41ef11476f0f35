import Configuration
import Foundation

/// Factors of mean 1 on programmed conductances.
///
/// A device keeps its own factor for good; that of a cycle is drawn anew at every programming.
public struct Variation: Codable, Hashable, Sendable {
  /// The distribution of a factor.
  public enum Distribution: String, Codable, Hashable, Sendable, CaseIterable {
    /// Gaussian, cut off at 0.
    case normal
    /// Log-normal.
    case logNormal = "log-normal"
  }

  /// Standard deviation of the factor of a device.
  public var deviceToDevice: Float
  /// Standard deviation of the factor of a programming.
  public var cycleToCycle: Float
  /// The distribution of both.
  public var distribution: Distribution

  /// Standard deviations; without any, devices are equal.
  public init(
    deviceToDevice: Float = 0, cycleToCycle: Float = 0, distribution: Distribution = .normal
  ) {
    self.deviceToDevice = deviceToDevice
    self.cycleToCycle = cycleToCycle
    self.distribution = distribution
  }

  func factor(_ deviation: Float, _ gaussian: Float) -> Float {
    switch distribution {
    case .normal: max(1 + deviation * gaussian, 0)
    case .logNormal: logNormal(mean: 1, deviation: deviation, gaussian)
    }
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case deviceToDevice, cycleToCycle, distribution
  }

  /// Reads standard deviations, 0 to 10.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(
      deviceToDevice: Float(try fields.number(.deviceToDevice, or: 0, in: 0...10)),
      cycleToCycle: Float(try fields.number(.cycleToCycle, or: 0, in: 0...10)),
      distribution: try fields.word(.distribution, or: .normal))
  }
}
