import RunLog

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
    /// `ours` with the digits that it has.
    public var text: String

    /// `text` as tables show it: large whole numbers in groups of three digits.
    public var shown: String { Int(text).map(ProgressLine.grouped) ?? text }
  }

  /// What the table is about.
  public var title: String
  /// The figures.
  public var rows: [Row]
}
