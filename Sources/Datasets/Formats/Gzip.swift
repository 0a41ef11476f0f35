import CZlib
import Runtime

/// Gzip decompression (RFC 1952) with errors that name the byte; files of several members are one.
package enum Gzip {
  package static func isGzip(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b
  }

  /// The whole content; `path` is for the error message only.
  package static func decompress(_ bytes: [UInt8], path: String) throws -> [UInt8] {
    var output = [UInt8](repeating: 0, count: expectedSize(bytes))
    var produced = 0
    let outcome = inflateAll(bytes, into: &output, produced: &produced, limit: Int.max)
    switch outcome {
    case .complete: break
    case .needsInput(let offset):
      throw KirchhoffError(
        .data, subject: path, place: "byte \(offset)", found: "the end of the file",
        expected: "more compressed data",
        hint: "the file is truncated: fetch or copy it again")
    case .damaged(let offset, let message):
      throw KirchhoffError(
        .data, subject: path, place: "byte \(offset)", found: "damaged gzip data (\(message))",
        expected: "an intact gzip stream", hint: "fetch or copy the file again")
    }
    output.removeLast(output.count - produced)
    return output
  }

  /// As much of the content as `bytes`, a beginning of a file, gives, at most `count` bytes.
  static func decompressPrefix(_ bytes: [UInt8], count: Int) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: count)
    var produced = 0
    _ = inflateAll(bytes, into: &output, produced: &produced, limit: count)
    return Array(output.prefix(produced))
  }

  private enum Outcome {
    case complete
    case needsInput(offset: Int)
    case damaged(offset: Int, message: String)
  }

  /// The last four bytes hold the size modulo 2³²; deflate expands at most 1032-fold, so a damaged
  /// size does not reserve absurd amounts.
  private static func expectedSize(_ bytes: [UInt8]) -> Int {
    guard bytes.count >= 18 else { return 64 }
    let tail = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    return min(max(tail, 64), bytes.count * 1032)
  }

  private static func inflateAll(
    _ bytes: [UInt8], into output: inout [UInt8], produced: inout Int, limit: Int
  ) -> Outcome {
    var stream = z_stream()
    // 15 bits of window, + 16: gzip wrapping only.
    guard
      inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return .damaged(offset: 0, message: "zlib cannot start") }
    defer { inflateEnd(&stream) }
    var consumed = 0
    while true {
      if produced == output.count {
        if produced >= limit { return .complete }
        output.append(contentsOf: repeatElement(0, count: min(max(output.count, 1 << 16), 1 << 28)))
      }
      let status = bytes.withUnsafeBufferPointer { input in
        output.withUnsafeMutableBufferPointer { target in
          // zlib counts in 32 bits: hand over at most 1 GiB at a time.
          let give = min(input.count - consumed, 1 << 30)
          let room = min(target.count - produced, 1 << 30)
          stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress! + consumed)
          stream.avail_in = UInt32(give)
          stream.next_out = target.baseAddress! + produced
          stream.avail_out = UInt32(room)
          let status = inflate(&stream, Z_NO_FLUSH)
          consumed += give - Int(stream.avail_in)
          produced += room - Int(stream.avail_out)
          return status
        }
      }
      switch status {
      case Z_OK: continue
      case Z_STREAM_END:
        let rest = bytes[consumed...]
        if rest.allSatisfy({ $0 == 0 }) { return .complete }
        guard rest.starts(with: [0x1f, 0x8b]) else {
          return .damaged(offset: consumed, message: "unknown bytes after the end of the stream")
        }
        inflateReset(&stream)
      case Z_BUF_ERROR where consumed == bytes.count && produced < output.count:
        return .needsInput(offset: consumed)
      case Z_BUF_ERROR: continue
      default:
        return .damaged(
          offset: consumed, message: stream.msg.map { String(cString: $0) } ?? "code \(status)")
      }
    }
  }
}
