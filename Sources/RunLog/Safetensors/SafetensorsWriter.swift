import Foundation
import Runtime

/// Writes safetensors files: an 8-byte little-endian header length, a JSON header, then the data.
///
/// Beside the format's own fields the header's `__metadata__` holds an xxHash64 of each tensor
/// (`xxh64:<name>`) and of the header (`xxh64.header`), so that `SafetensorsFile` notices damage;
/// other readers ignore them. Equal contents give equal bytes.
public enum SafetensorsWriter {
  /// Replaces the file at `path`, atomically, by the given tensors.
  ///
  /// Larger elements come first so that all data is aligned; otherwise the order is kept. The data
  /// is streamed: memory use does not grow with the file. Throws `.io` errors (full disk, ...).
  /// Traps on two tensors of one name and on a lender whose byte count is not that of its shape.
  public static func write(
    _ tensors: [TensorSource], metadata: [String: String] = [:], to path: String
  ) throws {
    let ordered = tensors.enumerated()
      .sorted {
        ($1.element.element.byteCount, $0.offset) < ($0.element.element.byteCount, $1.offset)
      }
      .map(\.element)
    precondition(
      Set(ordered.map(\.name)).count == ordered.count, "two tensors of one name in \(path)")
    precondition(
      !metadata.keys.contains(where: ChecksumKey.isOurs), "xxh64 keys in the metadata are reserved")

    try AtomicFile.write(to: path) { file in
      // The checksums are known only after the data: write blanks of the same length first.
      var checksums = Dictionary(
        uniqueKeysWithValues: ordered.map { (ChecksumKey.tensor($0.name), ChecksumKey.blank) })
      let blank = header(ordered, metadata: metadata, checksums: checksums)
      try file.write(blank)
      for tensor in ordered {
        checksums[ChecksumKey.tensor(tensor.name)] = try stream(tensor, to: file).hexadecimal
      }
      var complete = header(ordered, metadata: metadata, checksums: checksums)
      checksums[ChecksumKey.header] = complete.withUnsafeBytes { XXHash64.hash($0) }.hexadecimal
      complete = header(ordered, metadata: metadata, checksums: checksums)
      precondition(complete.count == blank.count, "the header of \(path) changed its length")
      try complete.withUnsafeBytes { try file.write($0, at: 0) }
    }
  }

  /// Writes and hashes in pieces that stay in the cache between the two.
  private static func stream(_ tensor: TensorSource, to file: OpenFile) throws -> UInt64 {
    var hash = XXHash64()
    var written = 0
    try tensor.lend { bytes in
      precondition(
        bytes.count == tensor.byteCount,
        "\(tensor.name) of shape \(tensor.shape) lent \(bytes.count) bytes, not \(tensor.byteCount)"
      )
      while written < bytes.count {
        let end = min(written + 1 << 18, bytes.count)
        let piece = UnsafeRawBufferPointer(rebasing: bytes[written..<end])
        hash.update(piece)
        try file.write(piece)
        written = end
      }
    }
    precondition(written == tensor.byteCount, "\(tensor.name) lent no bytes")
    return hash.digest
  }

  /// Length field and JSON, padded with spaces so that the data begins at a multiple of eight.
  private static func header(
    _ tensors: [TensorSource], metadata: [String: String], checksums: [String: String]
  ) -> Data {
    var all = metadata.merging(checksums) { $1 }
    if all[ChecksumKey.header] == nil { all[ChecksumKey.header] = ChecksumKey.blank }
    let pairs = all.sorted { $0.key < $1.key }.map {
      "\(JSON.quoted($0.key)):\(JSON.quoted($0.value))"
    }
    var text = "{\"__metadata__\":{\(pairs.joined(separator: ","))}"
    var offset = 0
    for tensor in tensors {
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      let end = offset + tensor.byteCount
      text += ",\(JSON.quoted(tensor.name)):{\"dtype\":\"\(tensor.element.rawValue)\","
      text += "\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
      offset = end
    }
    text += "}"
    var body = Data(text.utf8)
    body.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - body.count % 8) % 8))
    var data = withUnsafeBytes(of: UInt64(body.count).littleEndian) { Data($0) }
    data.append(body)
    return data
  }
}
