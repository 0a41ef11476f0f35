import Configuration

/// Random telegraph noise: a device stands in one of two states and jumps between them.
///
/// In its low state it has g·(1 − amplitude). The conductance that it was programmed to is the mean, so that
/// the noise has mean 0. Not Gaussian, and neither is its sum over a column: every device is drawn for every
/// vector.
public struct TelegraphNoise: Codable, Hashable, Sendable {
  /// What the low state lacks, as a share of the conductance.
  public var amplitude: Float
  /// Share of time in the low state.
  public var occupancy: Float
  /// Share of devices that toggle.
  public var share: Float
  /// Correlation of the state at one vector with that at the next.
  public var correlation: Float

  /// Telegraph noise.
  public init(
    amplitude: Float, occupancy: Float = 0.5, share: Float = 1, correlation: Float = 0
  ) {
    self.amplitude = amplitude
    self.occupancy = occupancy
    self.share = share
    self.correlation = correlation
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case amplitude, occupancy, share, correlation
  }

  /// Reads telegraph noise; shares are 0 to 1, the correlation is 0 to 0.999.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(
      amplitude: try fields.requiredNumber(.amplitude, in: 0...1),
      occupancy: Float(try fields.number(.occupancy, or: 0.5, in: 0...1)),
      share: Float(try fields.number(.share, or: 1, in: 0...1)),
      correlation: Float(try fields.number(.correlation, or: 0, in: 0...0.999)))
  }
}
