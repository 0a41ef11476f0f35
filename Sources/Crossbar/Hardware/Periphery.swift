import Configuration

/// A converter whose codes are multiples of a step through 0: 2^bits − 1 of them, up to a bound.
public struct Converter: Hashable, Sendable {
  /// Bits; nil for one without steps.
  public var bits: Int?
  /// The largest value.
  ///
  /// In units of a vector's largest input for a DAC, of the product of that with
  /// the largest weight for an ADC.
  public var bound: Float

  /// A converter.
  public init(bits: Int?, bound: Float) {
    self.bits = bits
    self.bound = bound
  }

  /// 2·bound/(2^bits − 2), as aihwkit counts; 0 without steps.
  public var step: Float { bits.map { 2 * bound / Float((1 << $0) - 2) } ?? 0 }
}

extension Converter: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable { case bits, bound }

  /// Reads a converter; bits are 2 to 24.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    bits = try fields.optional(.bits)
    bound = Float(try fields.number(.bound, or: 1, in: 1e-6...1e6))
    if let bits, !(2...24).contains(bits) {
      throw FieldError(
        fields.path + [CodingKeys.bits], found: "\(bits)", expected: "2 to 24 bits")
    }
  }
}

/// What is around an array: converters and the noise between them.
public struct Periphery: Codable, Hashable, Sendable {
  /// Inputs are divided by the largest of their vector and array, then converted.
  public var dac: Converter
  /// Currents are converted, then multiplied back.
  public var adc: Converter
  /// Standard deviation of noise before the ADC, in the units of its bound.
  public var outputNoise: Float
  /// Whether a vector that saturates an output is sent again at half the size, as often as it takes
  /// (iterative bound management of aihwkit).
  public var boundManagement: Bool

  /// A periphery.
  public init(
    dac: Converter, adc: Converter, outputNoise: Float = 0, boundManagement: Bool = false
  ) {
    self.dac = dac
    self.adc = adc
    self.outputNoise = outputNoise
    self.boundManagement = boundManagement
  }

  /// Exact.
  public static let ideal = Periphery(
    dac: Converter(bits: nil, bound: 1), adc: Converter(bits: nil, bound: 1e6))

  /// aihwkit's `IOParameters`: 7 and 9 bits, outputs up to 12, noise 0.06.
  public static let standard = Periphery(
    dac: Converter(bits: 7, bound: 1), adc: Converter(bits: 9, bound: 12), outputNoise: 0.06,
    boundManagement: true)

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case dac, adc, outputNoise, boundManagement
  }

  /// Reads a periphery; what is not given is ideal.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(
      dac: try fields.value(.dac, or: Periphery.ideal.dac),
      adc: try fields.value(.adc, or: Periphery.ideal.adc),
      outputNoise: Float(try fields.number(.outputNoise, or: 0, in: 0...1e6)),
      boundManagement: try fields.value(.boundManagement, or: false))
  }
}
