import Configuration

/// How a converted input drives its line.
public enum InputCoding: Hashable, Sendable {
  /// Its whole value at once, from the DAC.
  case analog
  /// Bit by bit: every bit is read and converted by itself, shift and add are digital (PUMA, ISAAC).
  case serial(Serial)

  /// Bits of an input, in units of its vector's largest.
  public struct Serial: Hashable, Sendable {
    /// What stands for a sign.
    public enum Signs: String, Codable, Hashable, Sendable, CaseIterable {
      /// Pulses of either polarity: a code's magnitude has all bits.
      case polarity
      /// Two's complement: the highest bit counts −2^(bits − 1).
      case complement
    }

    /// Bits.
    public var bits: Int
    /// What stands for a sign.
    public var signs: Signs

    /// Bits of an input.
    public init(bits: Int, signs: Signs = .polarity) {
      self.bits = bits
      self.signs = signs
    }

    /// The code of a vector's largest input.
    var largestCode: Int { signs == .polarity ? (1 << bits) - 1 : (1 << (bits - 1)) - 1 }

    /// The weight of a bit in a code.
    func weight(_ bit: Int) -> Float {
      let isSign = signs == .complement && bit == bits - 1
      return Float(1 << bit) * (isSign ? -1 : 1)
    }
  }
}

extension InputCoding: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable { case serial }
  private enum Word: String, CaseIterable { case analog }

  /// Reads `analog` or `{serial: {bits: 8, signs: complement}}`.
  public init(from decoder: any Decoder) throws {
    if let text = try? decoder.singleValueContainer().decode(String.self) {
      _ = try parseWord(text, at: decoder.codingPath) as Word
      self = .analog
    } else {
      self = .serial(try StrictFields<CodingKeys>(decoder).required(.serial))
    }
  }

  /// Writes what ``init(from:)`` reads.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .analog:
      var container = encoder.singleValueContainer()
      try container.encode(Word.analog.rawValue)
    case .serial(let serial):
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(serial, forKey: .serial)
    }
  }
}

extension InputCoding.Serial: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable { case bits, signs }

  /// Reads bits, 2 to 12, and signs.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    let bits: Int = try fields.required(.bits)
    guard (2...12).contains(bits) else {
      throw FieldError(
        fields.path + [CodingKeys.bits], found: "\(bits)", expected: "2 to 12 bits")
    }
    self.init(bits: bits, signs: try fields.word(.signs, or: .polarity))
  }
}
