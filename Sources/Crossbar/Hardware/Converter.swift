import Configuration

/// A converter: values become codes, multiples of a step within a range.
public struct Converter: Hashable, Sendable {
  /// Which codes there are.
  public enum Codes: String, Codable, Hashable, Sendable, CaseIterable {
    /// 2^bits − 1 from −bound to bound, through 0; step 2·bound/(2^bits − 2), as aihwkit counts.
    case symmetric
    /// 2^bits from −bound to a step below bound; step 2·bound/2^bits.
    case full
    /// 2^bits from 0 to bound; step bound/(2^bits − 1).
    case unipolar
  }

  /// Bits; nil for one without steps.
  public var bits: Int?
  /// The largest value.
  ///
  /// In units of a vector's largest input for a DAC, of the product of that with the largest weight (or
  /// the largest cell of a slice) for an ADC; of one pulse where inputs are sent bit by bit.
  public var bound: Float
  /// Which codes there are; a DAC's are symmetric.
  public var codes: Codes
  /// What an ADC is built of; nil for one without errors.
  public var circuit: ConverterCircuit?

  /// A converter.
  public init(
    bits: Int?, bound: Float, codes: Codes = .symmetric, circuit: ConverterCircuit? = nil
  ) {
    self.bits = bits
    self.bound = bound
    self.codes = codes
    self.circuit = circuit
  }

  /// Between codes; 0 without steps.
  public var step: Float {
    guard let bits else { return 0 }
    let count = Float(1 << bits)
    return switch codes {
    case .symmetric: 2 * bound / (count - 2)
    case .full: 2 * bound / count
    case .unipolar: bound / (count - 1)
    }
  }

  /// Codes of a converter with steps.
  var codeCount: Int { (1 << (bits ?? 0)) - (codes == .symmetric ? 1 : 0) }

  /// The lowest value.
  public var low: Float { codes == .unipolar ? 0 : -bound }
  /// The highest value.
  public var high: Float { codes == .full ? bound - step : bound }
}

extension Converter: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable { case bits, bound, codes, circuit }

  /// Reads a converter; bits are 2 to 24.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    bits = try fields.optional(.bits)
    bound = Float(try fields.number(.bound, or: 1, in: 1e-6...1e6))
    codes = try fields.word(.codes, or: .symmetric)
    circuit = try fields.optional(.circuit)
    if let bits, !(2...24).contains(bits) {
      throw FieldError(
        fields.path + [CodingKeys.bits], found: "\(bits)", expected: "2 to 24 bits")
    }
    if circuit != nil, !(2...16).contains(bits ?? 0) {
      throw FieldError(
        fields.path + [CodingKeys.bits], found: bits.map { "\($0)" } ?? "nothing",
        expected: "2 to 16 bits of a converter with a circuit")
    }
  }
}
