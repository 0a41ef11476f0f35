import Configuration

/// What is around an array: converters and the noise between them.
public struct Periphery: Codable, Hashable, Sendable {
  /// Inputs are divided by their range, then converted.
  public var dac: Converter
  /// What inputs are divided by.
  public var inputRange: InputRange
  /// How a converted input drives its line.
  public var inputs: InputCoding
  /// Currents are converted, then multiplied back.
  public var adc: Converter
  /// What the ADC's bound follows.
  public var outputRange: OutputRange
  /// Rows that are read at once, the others after them, each with a conversion; nil for all.
  public var parallelRows: Int?
  /// Standard deviation of noise before the ADC, in the units of its bound.
  public var outputNoise: Float
  /// Whether a vector that saturates an output is sent again at half the size, as often as it takes
  /// (iterative bound management of aihwkit).
  public var boundManagement: Bool

  /// A periphery.
  public init(
    dac: Converter, inputs: InputCoding = .analog, adc: Converter, outputNoise: Float = 0,
    boundManagement: Bool = false
  ) {
    self.dac = dac
    inputRange = .vector
    outputRange = .given
    self.inputs = inputs
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

  /// Whether ranges come from vectors that are sent before.
  public var needsCalibration: Bool {
    if case .percentile = inputRange { return true }
    if case .percentile = outputRange { return true }
    return false
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case dac, inputRange, inputs, adc, outputRange, parallelRows, outputNoise, boundManagement
  }

  /// Reads a periphery; what is not given is ideal.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(
      dac: try fields.value(.dac, or: Periphery.ideal.dac),
      inputs: try fields.value(.inputs, or: .analog),
      adc: try fields.value(.adc, or: Periphery.ideal.adc),
      outputNoise: Float(try fields.number(.outputNoise, or: 0, in: 0...1e6)),
      boundManagement: try fields.value(.boundManagement, or: false))
    inputRange = try fields.value(.inputRange, or: inputRange)
    outputRange = try fields.value(.outputRange, or: outputRange)
    parallelRows = try fields.optional(.parallelRows)
    if let parallelRows, !(1...65_536).contains(parallelRows) {
      throw FieldError(
        fields.path + [CodingKeys.parallelRows], found: "\(parallelRows)",
        expected: "1 to 65536 rows")
    }
    if dac.circuit != nil {
      throw FieldError(
        fields.path + [CodingKeys.dac], found: "a circuit", expected: "one of the ADC only")
    }
    if dac.codes != .symmetric {
      throw FieldError(
        fields.path + [CodingKeys.dac], found: "codes: \(dac.codes.rawValue)",
        expected: "symmetric codes")
    }
    if inputs != .analog, boundManagement {
      throw FieldError(
        fields.path + [CodingKeys.boundManagement], found: "true",
        expected: "false where inputs are sent bit by bit")
    }
  }
}
