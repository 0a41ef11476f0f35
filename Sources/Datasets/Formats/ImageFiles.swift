import Runtime

/// Image files of one data set and how each becomes bytes of one shape.
package struct ImageFiles: Sendable {
  package let paths: [String]
  /// What every image has after decoding (and resizing).
  package let shape: ImageShape
  /// Whether images of another size are resized; otherwise they are errors.
  package let resizes: Bool

  /// Decodes image `index` into `target`, `shape.count` bytes.
  package func decode(_ index: Int, into target: UnsafeMutablePointer<UInt8>) throws {
    let path = paths[index]
    let bytes = try FileBytes.read(path)
    guard resizes else {
      return try ImageDecoder.decode(bytes, path: path, shape: shape, into: target)
    }
    var found = try ImageDecoder.shape(of: bytes, path: path)
    found.channels = shape.channels
    guard found != shape else {
      return try ImageDecoder.decode(bytes, path: path, shape: shape, into: target)
    }
    var original = [UInt8](repeating: 0, count: found.count)
    try original.withUnsafeMutableBufferPointer {
      try ImageDecoder.decode(bytes, path: path, shape: found, into: $0.baseAddress!)
      Resize.bilinear($0.baseAddress!, found, to: shape, into: target)
    }
  }

  /// Decodes all images, on all threads.
  func decodeAll() throws -> [UInt8] {
    var result = [UInt8](repeating: 0, count: paths.count * shape.count)
    try result.withUnsafeMutableBufferPointer { buffer in
      nonisolated(unsafe) let base = buffer.baseAddress!
      try forEachFile(paths.count) { index in
        try decode(index, into: base + index * shape.count)
      }
    }
    return result
  }

  /// The shapes in the headers of all files.
  static func shapes(of paths: [String]) throws -> [ImageShape] {
    var shapes = [ImageShape](
      repeating: ImageShape(height: 0, width: 0, channels: 0), count: paths.count)
    try shapes.withUnsafeMutableBufferPointer { buffer in
      nonisolated(unsafe) let base = buffer.baseAddress!
      try forEachFile(paths.count) { index in
        base[index] = try ImageDecoder.shape(
          of: try FileBytes.read(paths[index]), path: paths[index])
      }
    }
    return shapes
  }

  /// Runs `body` for each file on all threads; the error of the first file that has one is thrown.
  private static func forEachFile(_ count: Int, _ body: (Int) throws -> Void) throws {
    let chunk = 64
    let chunks = (count + chunk - 1) / chunk
    var errors = [(any Error)?](repeating: nil, count: chunks)
    errors.withUnsafeMutableBufferPointer { buffer in
      nonisolated(unsafe) let slots = buffer.baseAddress!
      parallelFor(chunks) { c in
        do {
          for index in c * chunk..<min((c + 1) * chunk, count) { try body(index) }
        } catch {
          slots[c] = error
        }
      }
    }
    if let first = errors.compactMap({ $0 }).first { throw first }
  }

  private func forEachFile(_ count: Int, _ body: (Int) throws -> Void) throws {
    try Self.forEachFile(count, body)
  }
}
