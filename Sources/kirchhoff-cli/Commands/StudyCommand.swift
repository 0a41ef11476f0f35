import ArgumentParser
import Kirchhoff

/// `kirchhoff study`: published systems, as printed and as computed here.
struct StudyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "study",
    abstract: "Reproduce a published system: the paper's figures beside ours.",
    discussion: """
      Examples:
        kirchhoff study bulk-switching
        kirchhoff study bulk-switching --json
      """)

  /// The studies.
  enum Study: String, CaseIterable, ExpressibleByArgument {
    case bulkSwitching = "bulk-switching"
  }

  @Argument(help: "A study (\(Study.allCases.map(\.rawValue).joined(separator: ", "))).")
  var study: Study

  @OptionGroup var output: OutputOptions

  func run() throws {
    let tables: [StudyTable]
    let notes: [String]
    switch study {
    case .bulkSwitching:
      tables = try BulkSwitchingMapping.tables()
      notes = BulkSwitchingMapping.notes
    }
    if output.json { return try printJSON(tables) }
    for table in tables { print(Self.text(table), terminator: "\n\n") }
    for note in notes { print(note) }
  }

  private static func text(_ table: StudyTable) -> String {
    var rows = Table(("", .left), ("paper", .right), ("ours", .right))
    for row in table.rows {
      rows.add(row.name, row.paper ?? "–", Int(row.text).map { grouped($0) } ?? row.text)
    }
    return table.title + "\n\n" + rows.text(indent: 2)
  }
}
