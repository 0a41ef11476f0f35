import Configuration

/// The temperature of an array, which the device models were fitted at 300 K of.
///
/// Conductances change by their coefficient, read noise as the root of the temperature, as thermal noise
/// does, and `Retention` by Arrhenius. No reference gives these for the devices at hand; they are for
/// studying sensitivity.
public struct Temperature: Codable, Hashable, Sendable {
  /// Kelvin.
  public var kelvin: Float
  /// Relative change of a conductance, per kelvin.
  public var conductancePerKelvin: Float

  /// What the models were fitted at, kelvin.
  public static let reference: Float = 300

  /// 300 K and no change with it.
  public init(kelvin: Float = Temperature.reference, conductancePerKelvin: Float = 0) {
    self.kelvin = kelvin
    self.conductancePerKelvin = conductancePerKelvin
  }

  /// What a conductance is multiplied with.
  var conductanceFactor: Float {
    max(1 + conductancePerKelvin * (kelvin - Self.reference), 0)
  }

  /// What the standard deviation of a read is multiplied with.
  var noiseFactor: Float { (kelvin / Self.reference).squareRoot() }

  private enum CodingKeys: String, CodingKey, CaseIterable { case kelvin, conductancePerKelvin }

  /// Reads a temperature, 1 to 1000 K, and a coefficient, −0.1 to 0.1 per kelvin.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(
      kelvin: Float(try fields.number(.kelvin, or: Double(Self.reference), in: 1...1000)),
      conductancePerKelvin: Float(
        try fields.number(.conductancePerKelvin, or: 0, in: -0.1...0.1)))
  }
}
