import Runtime

/// Rows of a delimited text (RFC 4180: quoted cells may hold delimiters, line breaks and "").
struct CSVReader {
  struct Row {
    /// From 1, where the row begins.
    var line: Int
    var cells: [String]
  }

  private let path: String
  private let text: [UInt8]
  private let delimiter: UInt8
  private var position = 0
  private var line = 1

  init(_ path: String) throws {
    self.path = path
    var content = try FileBytes.readDecompressed(path)
    if content.starts(with: [0xef, 0xbb, 0xbf]) { content.removeFirst(3) }
    text = content
    let firstLine = content.prefix { $0 != UInt8(ascii: "\n") }
    let candidates = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]
    let counts = candidates.map { candidate in firstLine.filter { $0 == candidate }.count }
    delimiter = candidates[counts.firstIndex(of: counts.max()!)!]
  }

  /// The next row that is not blank, or nil at the end.
  mutating func next() throws -> Row? {
    while position < text.count {
      let row = try readRow()
      if row.cells.count > 1 || !row.cells[0].isEmpty { return row }
    }
    return nil
  }

  private mutating func readRow() throws -> Row {
    let start = line
    var cells: [String] = []
    while true {
      let (cell, more) = try readCell()
      cells.append(cell)
      if !more { return Row(line: start, cells: cells) }
    }
  }

  /// One cell without surrounding blanks, and whether another one follows in the same row.
  private mutating func readCell() throws -> (String, Bool) {
    let quote = UInt8(ascii: "\"")
    var bytes: [UInt8] = []
    if position < text.count, text[position] == quote {
      let opened = line
      position += 1
      while true {
        guard position < text.count else {
          throw KirchhoffError(
            .data, subject: path, place: "line \(opened)", found: "a quote that is never closed",
            expected: "\" at the end of the cell")
        }
        let byte = text[position]
        position += 1
        if byte == quote {
          guard position < text.count, text[position] == quote else { break }
          position += 1
        }
        if byte == UInt8(ascii: "\n") { line += 1 }
        bytes.append(byte)
      }
    }
    while position < text.count {
      let byte = text[position]
      position += 1
      if byte == delimiter { return (Self.trimmed(bytes), true) }
      if byte == UInt8(ascii: "\n") {
        line += 1
        break
      }
      bytes.append(byte)
    }
    return (Self.trimmed(bytes), false)
  }

  private static func trimmed(_ bytes: [UInt8]) -> String {
    let blank: Set<UInt8> = [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r")]
    let body = bytes.drop { blank.contains($0) }
    let end = body.lastIndex { !blank.contains($0) }
    return end.map { String(decoding: body[...$0], as: UTF8.self) } ?? ""
  }
}
