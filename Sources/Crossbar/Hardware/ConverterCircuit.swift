import Configuration

/// What a real ADC is built of, and how far its parts are off: integral non-linearity follows from it.
///
/// Every converter of an array has parts of its own, and columns that share one share its errors.
public struct ConverterCircuit: Hashable, Sendable {
  /// How a converter finds a code.
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    /// Counts until a ramp of unequal steps passes the input.
    case ramp
    /// Successive approximation with capacitors 2^i that are off by s·2^(i/2) (CrossSim).
    case sar
  }

  /// How it finds a code.
  public var kind: Kind
  /// s: standard deviation of a step of the ramp, or of the smallest capacitor, in steps.
  public var deviation: Float
  /// Standard deviation of the comparator's offset, in steps.
  public var offset: Float
  /// Columns that share a converter.
  public var sharedBy: Int

  /// A circuit.
  public init(_ kind: Kind, deviation: Float, offset: Float = 0, sharedBy: Int = 8) {
    self.kind = kind
    self.deviation = deviation
    self.offset = offset
    self.sharedBy = sharedBy
  }
}

extension ConverterCircuit: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case kind, deviation, offset, sharedBy
  }

  /// Reads a circuit; deviations are 0 to 100 steps.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(
      try fields.word(.kind, or: nil),
      deviation: try fields.requiredNumber(.deviation, in: 0...100),
      offset: Float(try fields.number(.offset, or: 0, in: 0...100)),
      sharedBy: Int(try fields.number(.sharedBy, or: 8, in: 1...65_536)))
  }
}
