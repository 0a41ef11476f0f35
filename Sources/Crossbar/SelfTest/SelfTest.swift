/// Known answers that the physics has to give on the machine at hand.
public enum SelfTest {
  /// One number beside what it has to be.
  public struct Check: Codable, Hashable, Sendable {
    /// What is checked.
    public var group: String
    /// Which number of it.
    public var name: String
    /// What came out.
    public var found: Double
    /// What has to come out.
    public var expected: Double
    /// The largest relative difference.
    public var tolerance: Double

    /// |found − expected| over |expected|; absolute where 0 is expected.
    public var difference: Double {
      abs(found - expected) / (expected == 0 ? 1 : abs(expected))
    }

    /// Whether the number is right.
    public var passed: Bool { difference <= tolerance }
  }

  /// All checks.
  public static func run() throws -> [Check] {
    try lineResistance() + nodalEquations() + devices() + updates()
  }
}
