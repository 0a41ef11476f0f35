import Kirchhoff

/// What `kirchhoff study` prints.
struct StudyReport: Encodable {
  var title: String
  var tables: [StudyTable]
  var curves: [StudyCurve] = []
  var notes: [String]
  var trainings: [BulkSwitchingStudy.Training]?
  var binaryTrainings: [BinaryMemristorStudy.Training]?

  var text: String {
    (tables.map(Self.text) + notes).joined(separator: "\n\n")
  }

  /// Writes the report to `study.json`, `study.txt` and `study.html` of a folder.
  func save(to folder: String) throws {
    try Folder.create(folder)
    try AtomicFile.writeJSON(self, to: "\(folder)/study.json")
    try AtomicFile.write(text + "\n", to: "\(folder)/study.txt")
    try AtomicFile.write(
      StudyPage.html(title: title, tables: tables, curves: curves, notes: notes),
      to: "\(folder)/study.html")
  }

  private static func text(_ table: StudyTable) -> String {
    var rows = Table(("", .left), ("paper", .right), ("ours", .right))
    for row in table.rows {
      rows.add(row.name, row.paper ?? "–", row.shown)
    }
    return table.title + "\n\n" + rows.text(indent: 2)
  }
}
