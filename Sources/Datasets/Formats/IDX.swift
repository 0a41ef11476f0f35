import Runtime

/// The IDX format of MNIST and its relatives, plain or gzip-compressed.
///
/// A big-endian header (two zero bytes, the element type, the number of dimensions, then each
/// dimension in 32 bits), then the elements in row-major order. Unsigned bytes (type 0x08) only,
/// which all published image sets use.
public enum IDX {
  /// An array as the file holds it.
  public struct Array: Sendable {
    /// Sizes, outermost first.
    public var dimensions: [Int]
    /// The elements in row-major order.
    public var bytes: [UInt8]
  }

  static let headerStart: [UInt8] = [0, 0, 0x08]

  /// Whether a file that begins with `prefix` looks like IDX of unsigned bytes.
  static func matches(_ prefix: [UInt8]) -> Bool {
    prefix.count >= 8 && prefix.starts(with: headerStart) && (1...4).contains(prefix[3])
  }

  /// Reads a file whose array has `rank` dimensions.
  ///
  /// - Throws: `KirchhoffError` where the magic number, the rank or the length is wrong.
  public static func read(_ path: String, rank: ClosedRange<Int> = 1...4) throws -> Array {
    try parse(try FileBytes.readDecompressed(path), path: path, rank: rank)
  }

  static func parse(_ content: [UInt8], path: String, rank: ClosedRange<Int>) throws -> Array {
    let wanted = rank.map { "0x0000080\($0)" }.joined(separator: " or ")
    guard content.count >= 4 else {
      throw KirchhoffError(
        .data, subject: path, place: "byte \(content.count)", found: "the end of the file",
        expected: "an IDX header of at least 8 bytes")
    }
    guard content.starts(with: headerStart), rank.contains(Int(content[3])) else {
      throw KirchhoffError(
        .data, subject: path, place: "byte 0", found: "magic number \(hex(content.prefix(4)))",
        expected: "\(wanted) (IDX of unsigned bytes)")
    }
    let dimensionCount = Int(content[3])
    let header = 4 + 4 * dimensionCount
    guard content.count >= header else {
      throw KirchhoffError(
        .data, subject: path, place: "byte \(content.count)", found: "the end of the file",
        expected: "an IDX header of \(header) bytes")
    }
    let dimensions = (0..<dimensionCount).map { d in
      content[4 + 4 * d..<8 + 4 * d].reduce(0) { $0 << 8 | Int($1) }
    }
    // Four 32-bit sizes can overflow 64 bits: a damaged header must not trap.
    var count = 1
    for (d, size) in dimensions.enumerated() {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow, product < 1 << 40 else {
        throw KirchhoffError(
          .data, subject: path, place: "byte \(4 + 4 * d)",
          found: "dimensions \(dimensions.map(String.init).joined(separator: " × "))",
          expected: "an array that fits in memory")
      }
      count = product
    }
    guard content.count == header + count else {
      throw KirchhoffError(
        .data, subject: path, place: "byte \(min(content.count, header + count))",
        found: "\(content.count - header) bytes of elements",
        expected: "\(count) (\(dimensions.map(String.init).joined(separator: " × ")))",
        hint: content.count < header + count ? "the file is truncated" : nil)
    }
    return Array(dimensions: dimensions, bytes: Swift.Array(content[header...]))
  }

  /// Reads an image file `[n, h, w]` or `[n, h, w, c]` and its label file `[n]`.
  ///
  /// - Parameter classNames: their number bounds the labels; empty takes it from the labels, of which then
  ///   most have to occur.
  /// - Throws: `KirchhoffError` for a damaged file, differing counts, or a label out of range.
  public static func dataset(
    images imagePath: String, labels labelPath: String, name: String, split: String,
    classNames: [String] = []
  ) throws -> ImageDataset {
    let images = try read(imagePath, rank: 3...4)
    let labels = try read(labelPath, rank: 1...1)
    guard images.dimensions[0] == labels.dimensions[0] else {
      throw KirchhoffError(
        .data, subject: labelPath, place: "byte 4", found: "\(labels.dimensions[0]) labels",
        expected: "\(images.dimensions[0]), one for each image of \(imagePath)")
    }
    let shape = ImageShape(
      height: images.dimensions[1], width: images.dimensions[2],
      channels: images.dimensions.count == 4 ? images.dimensions[3] : 1)
    guard images.dimensions[0] > 0, shape.count > 0 else {
      throw KirchhoffError(
        .data, subject: imagePath, place: "byte 4",
        found: "\(images.dimensions[0]) images of \(shape)", expected: "at least one image")
    }
    let names =
      classNames.isEmpty
      ? (0..<(try classCount(of: labels.bytes, labelPath))).map(String.init) : classNames
    if let bad = labels.bytes.firstIndex(where: { Int($0) >= names.count }) {
      throw KirchhoffError(
        .data, subject: labelPath, place: "label \(bad) (byte \(8 + bad))",
        found: "\(labels.bytes[bad])", expected: "0…\(names.count - 1)")
    }
    return ImageDataset(
      name: name, split: split, shape: shape, classNames: names, pixels: .bytes(images.bytes),
      labels: labels.bytes.map(Int32.init))
  }
}

extension IDX {
  /// How many classes labels tell of; one that stands far above the others is damaged.
  private static func classCount(of labels: [UInt8], _ path: String) throws -> Int {
    var occurs = [Bool](repeating: false, count: 256)
    for label in labels { occurs[Int(label)] = true }
    let largest = occurs.lastIndex(of: true)!
    let known = occurs.count { $0 }
    guard 2 * known <= largest else { return largest + 1 }
    let bad = labels.firstIndex(of: UInt8(largest))!
    throw KirchhoffError(
      .data, subject: path, place: "label \(bad) (byte \(8 + bad))", found: "\(largest)",
      expected: "a label that goes with the others: only \(known) of 0…\(largest) occur")
  }
}

/// Bytes as one hexadecimal number, for error messages.
func hex(_ bytes: some Sequence<UInt8>) -> String {
  "0x" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
