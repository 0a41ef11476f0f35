import Configuration

/// What an array's devices do beyond their model: each part by itself, none by default.
///
/// A device model holds what was published of one device; these are the effects that it leaves out, or
/// that are to be varied.
public struct DevicePhysics: Codable, Hashable, Sendable {
  /// Largest over smallest conductance, which raises the smallest; nil for the device's own.
  public var onOffRatio: Float?
  /// Programming error in place of the device's own; nil for that.
  public var error: ProgrammingError?
  /// Programming in several trials; nil for one.
  public var verify: WriteVerify?
  /// Differences from device to device, and from one programming to the next.
  public var variation: Variation
  /// Standard deviation of a read over the largest conductance, by g over the largest, in place of the
  /// device's own: coefficients of 1, g, g²…, so `[0.01]` is constant and `[0, 0.02]` is in proportion;
  /// nil for the device's own.
  public var readPolynomial: [Float]?
  /// How reads are distributed.
  public var readDistribution: ReadDistribution
  /// Devices that toggle; nil for none.
  public var telegraph: TelegraphNoise?
  /// Loss of the programmed conductance; nil for none.
  public var retention: Retention?
  /// Temperature.
  public var temperature: Temperature
  /// What writing does to the other devices of a row and a column; nil for nothing.
  public var disturb: HalfSelectDisturb?

  /// How reads of a device are distributed about its conductance.
  public enum ReadDistribution: String, Codable, Hashable, Sendable, CaseIterable {
    /// Gaussian: the sum over a column is drawn as the one Gaussian that it is.
    case normal
    /// Log-normal of the same mean and standard deviation: every device is drawn for every vector.
    case logNormal = "log-normal"
  }

  /// Nothing beyond the device's model.
  public init() {
    variation = Variation()
    readDistribution = .normal
    temperature = Temperature()
  }

  /// Whether reads deviate otherwise than by one Gaussian an output.
  var readsAreLiteral: Bool { telegraph != nil || readDistribution == .logNormal }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case onOffRatio, error, verify, variation, readPolynomial, readDistribution, telegraph
    case retention, temperature, disturb
  }

  /// Reads physics; what is not given is absent.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init()
    onOffRatio = try fields.optionalNumber(.onOffRatio, in: 1.01...1e12)
    error = try fields.optional(.error)
    verify = try fields.optional(.verify)
    variation = try fields.value(.variation, or: variation)
    readPolynomial = try fields.optional(.readPolynomial)
    readDistribution = try fields.word(.readDistribution, or: readDistribution)
    telegraph = try fields.optional(.telegraph)
    retention = try fields.optional(.retention)
    temperature = try fields.value(.temperature, or: temperature)
    disturb = try fields.optional(.disturb)
    guard let readPolynomial else { return }
    guard (1...8).contains(readPolynomial.count), readPolynomial.allSatisfy(\.isFinite) else {
      throw FieldError(
        fields.path + [CodingKeys.readPolynomial], found: "\(readPolynomial)",
        expected: "1 to 8 finite coefficients")
    }
    for step in 0...100 where polynomial(readPolynomial, at: Float(step) / 100) < 0 {
      throw FieldError(
        fields.path + [CodingKeys.readPolynomial],
        found: "\(polynomial(readPolynomial, at: Float(step) / 100)) at \(Double(step) / 100)",
        expected: "0 or more everywhere from 0 to 1, for it is a standard deviation")
    }
  }
}

extension StrictFields {
  /// A number in a range, or nothing.
  func optionalNumber(_ key: Key, in range: ClosedRange<Double>) throws -> Float? {
    guard try optional(key) as Double? != nil else { return nil }
    return Float(try number(key, or: range.lowerBound, in: range))
  }

  /// A number in a range that has to be there.
  func requiredNumber(_ key: Key, in range: ClosedRange<Double>) throws -> Float {
    let value: Double = try required(key)
    return Float(try number(key, or: value, in: range))
  }
}
