import Foundation
import Runtime

/// Reading of tar archives (ustar, with GNU and pax long names): regular files only.
package enum Tar {
  package struct Entry {
    /// Path inside the archive.
    package var name: String
    /// Where the content lies in the archive.
    package var range: Range<Int>
  }

  private static let block = 512

  /// The regular files in `archive`; `path` is for error messages.
  package static func entries(_ archive: [UInt8], path: String) throws -> [Entry] {
    var entries: [Entry] = []
    var offset = 0
    var longName: String?
    while offset < archive.count {
      guard offset + block <= archive.count else { throw truncated(path, offset) }
      let header = Array(archive[offset..<offset + block])
      if header.allSatisfy({ $0 == 0 }) { break }
      guard checksumMatches(header) else {
        throw KirchhoffError(
          .data, subject: path, place: "byte \(offset)", found: "a damaged tar header",
          expected: "an intact ustar header")
      }
      let size = try number(header[124..<136], path: path, offset: offset + 124)
      let start = offset + block
      guard size <= archive.count - start else { throw truncated(path, start) }
      let content = start..<start + size
      switch header[156] {
      case UInt8(ascii: "0"), 0:
        entries.append(Entry(name: longName ?? name(header), range: content))
        longName = nil
      case UInt8(ascii: "L"): longName = text(archive[content])
      case UInt8(ascii: "x"): longName = paxPath(archive[content])
      default: longName = nil
      }
      offset = start + (size + block - 1) / block * block
    }
    return entries
  }

  /// Writes the regular files of `archive` under `folder`.
  ///
  /// - Throws: `KirchhoffError` for a name that would leave the folder, or a full disk.
  package static func extract(_ archive: [UInt8], path: String, to folder: String) throws {
    for entry in try entries(archive, path: path) {
      let parts = entry.name.split(separator: "/").filter { $0 != "." }
      guard !entry.name.hasPrefix("/"), !parts.contains(".."), !parts.isEmpty else {
        throw KirchhoffError(
          .data, subject: path, place: "byte \(entry.range.lowerBound - block)",
          found: "the name \"\(entry.name)\"", expected: "a path inside the archive")
      }
      let target = joined(folder, parts.joined(separator: "/"))
      let parent = PathParts.folder(of: target)
      do {
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try Data(archive[entry.range]).write(to: URL(fileURLWithPath: target))
      } catch {
        throw KirchhoffError(
          .io, subject: target,
          found: "a file that cannot be written: \(error.localizedDescription)")
      }
    }
  }

  private static func truncated(_ path: String, _ offset: Int) -> KirchhoffError {
    KirchhoffError(
      .data, subject: path, place: "byte \(offset)", found: "the end of the archive",
      expected: "the rest of a file")
  }

  private static func text(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func name(_ header: [UInt8]) -> String {
    let name = text(header[0..<100])
    let isUSTAR = header[257..<262].elementsEqual("ustar".utf8)
    // GNU's variant ("ustar  ") keeps times where ustar keeps the prefix.
    let prefix = isUSTAR && header[262] == 0 ? text(header[345..<500]) : ""
    return prefix.isEmpty ? name : prefix + "/" + name
  }

  private static func number(
    _ field: ArraySlice<UInt8>, path: String, offset: Int
  ) throws -> Int {
    let digits = field.filter { $0 != 0 && $0 != UInt8(ascii: " ") }
    guard let value = Int(String(decoding: digits, as: UTF8.self), radix: 8), value >= 0 else {
      throw KirchhoffError(
        .data, subject: path, place: "byte \(offset)", found: "the size \(hex(field))",
        expected: "an octal number")
    }
    return value
  }

  private static func checksumMatches(_ header: [UInt8]) -> Bool {
    let stated = Int(
      String(
        decoding: header[148..<156].filter { $0 != 0 && $0 != UInt8(ascii: " ") }, as: UTF8.self),
      radix: 8)
    var sum = 8 * Int(UInt8(ascii: " "))
    for (index, byte) in header.enumerated() where !(148..<156).contains(index) {
      sum += Int(byte)
    }
    return stated == sum
  }

  /// The value of "path" in pax records ("length key=value\n").
  private static func paxPath(_ bytes: ArraySlice<UInt8>) -> String? {
    var rest = bytes
    while let space = rest.firstIndex(of: UInt8(ascii: " ")),
      let length = Int(String(decoding: rest[rest.startIndex..<space], as: UTF8.self)),
      length > 0, length <= rest.count
    {
      let record = rest[(space + 1)..<(rest.startIndex + length)]
      let text = String(decoding: record, as: UTF8.self)
      if text.hasPrefix("path=") { return String(text.dropFirst(5).dropLast()) }
      rest = rest[(rest.startIndex + length)...]
    }
    return nil
  }
}
