import Configuration

/// What writing a device once costs; what is not known is left out.
public struct WriteCost: Codable, Hashable, Sendable {
  /// Energy, joules.
  public var joules: Double?
  /// Time, seconds; devices are written one after another.
  public var seconds: Double?
  /// Writes that a device bears.
  public var endurance: Double?

  /// Costs.
  public init(joules: Double? = nil, seconds: Double? = nil, endurance: Double? = nil) {
    self.joules = joules
    self.seconds = seconds
    self.endurance = endurance
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case joules, seconds, endurance }

  /// Reads costs: 0 to 1 J, 0 to 1e3 s, 1 to 1e18 writes.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    func value(_ key: CodingKeys, in range: ClosedRange<Double>) throws -> Double? {
      guard try fields.optional(key) as Double? != nil else { return nil }
      return try fields.number(key, or: range.lowerBound, in: range)
    }
    joules = try value(.joules, in: 0...1)
    seconds = try value(.seconds, in: 0...1e3)
    endurance = try value(.endurance, in: 1...1e18)
  }
}
