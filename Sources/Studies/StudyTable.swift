/// What a paper printed beside what came out here.
public struct StudyTable: Codable, Hashable, Sendable {
  /// One figure.
  public struct Row: Codable, Hashable, Sendable {
    /// What it is, unit included.
    public var name: String
    /// As the paper prints it; nil where it does not.
    public var paper: String?
    /// Computed here.
    public var ours: Double
    /// `ours` as the table shows it.
    public var text: String
  }

  /// What the table is about.
  public var title: String
  /// The figures.
  public var rows: [Row]
}
