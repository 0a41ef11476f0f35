import Configuration

/// Programming that reads a device back and tries again until it is near enough; what the last trial leaves
/// is kept.
public struct WriteVerify: Codable, Hashable, Sendable {
  /// Trials at most.
  public var trials: Int
  /// How far from the target a device is accepted, in units of the range of conductances.
  public var tolerance: Float

  /// Trials and tolerance.
  public init(trials: Int, tolerance: Float) {
    self.trials = trials
    self.tolerance = tolerance
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case trials, tolerance }

  /// Reads trials, 1 to 1000, and a tolerance, 0 to 1.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    let trials: Int = try fields.required(.trials)
    guard (1...1000).contains(trials) else {
      throw FieldError(
        fields.path + [CodingKeys.trials], found: "\(trials)", expected: "1 to 1000 trials")
    }
    self.init(
      trials: trials, tolerance: try fields.requiredNumber(.tolerance, in: 0...1))
  }
}
