import Kirchhoff

/// What `kirchhoff study` prints.
struct StudyReport: Encodable {
  var tables: [StudyTable]
  var notes: [String]
  var trainings: [BulkSwitchingStudy.Training]?

  var text: String {
    (tables.map(Self.text) + notes).joined(separator: "\n\n")
  }

  private static func text(_ table: StudyTable) -> String {
    var rows = Table(("", .left), ("paper", .right), ("ours", .right))
    for row in table.rows {
      rows.add(row.name, row.paper ?? "–", Int(row.text).map { grouped($0) } ?? row.text)
    }
    return table.title + "\n\n" + rows.text(indent: 2)
  }
}
