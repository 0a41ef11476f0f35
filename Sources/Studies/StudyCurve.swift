/// What a study draws: lines over a common horizontal axis.
public struct StudyCurve: Codable, Hashable, Sendable {
  /// One line.
  public struct Line: Codable, Hashable, Sendable {
    /// What it is.
    public var name: String
    /// Its points, in order.
    public var points: [Point]
  }

  /// One point.
  public struct Point: Codable, Hashable, Sendable {
    /// Along the horizontal axis.
    public var x: Double
    /// Along the vertical one.
    public var y: Double
  }

  /// What it shows.
  public var title: String
  /// The horizontal axis, unit included.
  public var horizontal: String
  /// The vertical axis, unit included.
  public var vertical: String
  /// The lines.
  public var lines: [Line]
}
