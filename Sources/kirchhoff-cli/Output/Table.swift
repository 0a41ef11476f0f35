/// Rows of text in aligned columns.
struct Table {
  /// Where a column's text stands.
  enum Alignment {
    case left
    case right
  }

  private let titles: [String]
  private let alignments: [Alignment]
  private var rows: [[String]] = []

  /// A table with these columns; empty titles throughout leave the heading out.
  init(_ columns: (title: String, alignment: Alignment)...) { self.init(columns) }

  /// A table with these columns.
  init(_ columns: [(title: String, alignment: Alignment)]) {
    titles = columns.map(\.title)
    alignments = columns.map(\.alignment)
  }

  /// Adds a row of as many texts as there are columns.
  mutating func add(_ row: String...) { add(row) }

  /// Adds a row of as many texts as there are columns.
  mutating func add(_ row: [String]) {
    precondition(row.count == titles.count, "\(row.count) cells in \(titles.count) columns")
    rows.append(row)
  }

  /// Adds a row that holds nothing.
  mutating func addBlank() { rows.append(titles.map { _ in "" }) }

  /// The table, each line `indent` columns in, two spaces between columns, none at line ends.
  func text(indent: Int = 0) -> String {
    let hasTitles = titles.contains { !$0.isEmpty }
    let lines = (hasTitles ? [titles] : []) + rows
    let widths = titles.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    let space = String(repeating: " ", count: indent)
    return lines.map { line in
      let cells = line.indices.map { column in
        alignments[column] == .right
          ? line[column].leftPadded(to: widths[column])
          : line[column].rightPadded(to: widths[column])
      }
      return (space + cells.joined(separator: "  ")).trimmingEnd()
    }.joined(separator: "\n")
  }
}

extension String {
  /// With spaces before it, up to `width` characters.
  func leftPadded(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }

  /// With spaces behind it, up to `width` characters.
  func rightPadded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }

  /// Without spaces at the end.
  func trimmingEnd() -> String {
    var text = self[...]
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
