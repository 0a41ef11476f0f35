import Runtime

/// Tables of comma-separated values: one label column, the rest numeric features.
///
/// A row becomes one pixel with a channel a feature, unless a shape is given and every feature is
/// a whole number in 0…255: then it is an image.
public enum CSV {
  /// How a table is read.
  public struct Options: Sendable {
    /// The label column: a name from the header, or a number from 0 (negative: from the end); nil
    /// takes "label", "class", "target" or "species" if the header has it, else the last column.
    public var labelColumn: String?
    /// Height, width and channels of the image that a row is.
    public var shape: ImageShape?

    /// The defaults.
    public init() {}
  }

  static let labelNames = ["label", "class", "target", "species"]

  /// Reads a table.
  ///
  /// Delimiter (comma, semicolon or tab) and header are recognised from the first line. Labels that
  /// are all whole numbers count as they are (classes 0…largest); others are sorted names.
  ///
  /// - Throws: `KirchhoffError` with line and column for a cell that is not a finite number, a row
  ///   of the wrong length, an unknown label column.
  public static func dataset(
    _ path: String, name: String, split: String, classNames: [String]? = nil,
    options: Options = Options()
  ) throws -> ImageDataset {
    var reader = try CSVReader(path)
    guard let first = try reader.next() else {
      throw KirchhoffError(
        .data, subject: path, place: "line 1", found: "an empty table", expected: "rows of cells")
    }
    guard first.cells.count >= 2 else {
      throw KirchhoffError(
        .data, subject: path, place: "line 1", found: "one column",
        expected: "a label column and at least one feature, separated by , ; or tab")
    }
    let hasHeader = first.cells.filter { Float($0) == nil }.count > 1
    let header = hasHeader ? first.cells : first.cells.indices.map { "column \($0)" }
    let labelIndex = try findLabelColumn(header, named: hasHeader, path: path, options: options)

    var features: [Float] = []
    var labelCells: [(line: Int, text: String)] = []
    func add(_ row: CSVReader.Row) throws {
      guard row.cells.count == header.count else {
        throw KirchhoffError(
          .data, subject: path, place: "line \(row.line)", found: "\(row.cells.count) cells",
          expected: "\(header.count) as in line 1")
      }
      for (column, cell) in row.cells.enumerated() where column != labelIndex {
        guard let value = Float(cell), value.isFinite else {
          throw KirchhoffError(
            .data, subject: path,
            place: "line \(row.line), column \(column + 1) (\(header[column]))",
            found: cell.isEmpty ? "an empty cell" : "\"\(cell)\"", expected: "a finite number")
        }
        features.append(value)
      }
      guard !row.cells[labelIndex].isEmpty else {
        throw KirchhoffError(
          .data, subject: path,
          place: "line \(row.line), column \(labelIndex + 1) (\(header[labelIndex]))",
          found: "an empty cell", expected: "a label")
      }
      labelCells.append((row.line, row.cells[labelIndex]))
    }
    if !hasHeader { try add(first) }
    while let row = try reader.next() { try add(row) }
    guard !labelCells.isEmpty else {
      throw KirchhoffError(
        .data, subject: path, place: "line 2", found: "the end of the file",
        expected: "at least one row below the header")
    }
    let column = "column \(labelIndex + 1) (\(header[labelIndex]))"
    let (labels, names) = try encode(labelCells, classNames, path: path, column: column)
    let (shape, pixels) = try arrange(
      features, columns: header.count - 1, path: path, shape: options.shape)
    return ImageDataset(
      name: name, split: split, shape: shape, classNames: names, pixels: pixels, labels: labels)
  }

  private static func findLabelColumn(
    _ header: [String], named: Bool, path: String, options: Options
  ) throws -> Int {
    guard let wanted = options.labelColumn else {
      let lower = header.map { $0.lowercased() }
      return labelNames.lazy.compactMap(lower.firstIndex(of:)).first ?? header.count - 1
    }
    if named, let index = header.firstIndex(of: wanted) { return index }
    if let number = Int(wanted) {
      let index = number < 0 ? header.count + number : number
      if header.indices.contains(index) { return index }
    }
    throw KirchhoffError(
      .data, subject: path, place: "line 1", found: "no column \"\(wanted)\"",
      expected: named ? "one of \(header.joined(separator: ", "))" : "0…\(header.count - 1)",
      hint: named ? nearest(wanted, in: header).map { "did you mean \($0)?" } : nil)
  }

  private static func encode(
    _ cells: [(line: Int, text: String)], _ given: [String]?, path: String, column: String
  ) throws -> (labels: [Int32], names: [String]) {
    let numbers = cells.compactMap { Int($0.text) }
    let names: [String]
    if let given {
      names = given
    } else if numbers.count == cells.count {
      if let bad = numbers.firstIndex(where: { $0 < 0 || $0 > 65535 }) {
        throw KirchhoffError(
          .data, subject: path, place: "line \(cells[bad].line), \(column)",
          found: "label \(numbers[bad])", expected: "0…65535")
      }
      names = (0...numbers.max()!).map(String.init)
    } else {
      names = Set(cells.map(\.text)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
    let codes = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
    let labels = try cells.map { cell in
      if let code = codes[cell.text] ?? Int(cell.text).flatMap({ codes[String($0)] }) {
        return code
      }
      throw KirchhoffError(
        .data, subject: path, place: "line \(cell.line), \(column)", found: "label \(cell.text)",
        expected: "one of \(names.prefix(12).joined(separator: ", "))")
    }
    return (labels, names)
  }

  private static func arrange(
    _ features: [Float], columns: Int, path: String, shape: ImageShape?
  ) throws -> (ImageShape, Pixels) {
    guard let shape else {
      return (ImageShape(height: 1, width: 1, channels: columns), .floats(features))
    }
    guard shape.count == columns else {
      throw KirchhoffError(
        .data, subject: path, place: "line 1", found: "\(columns) feature columns",
        expected: "\(shape.count) for images of \(shape)")
    }
    let areBytes = features.allSatisfy { $0 >= 0 && $0 <= 255 && $0 == $0.rounded() }
    return (shape, areBytes ? .bytes(features.map { UInt8($0) }) : .floats(features))
  }
}
