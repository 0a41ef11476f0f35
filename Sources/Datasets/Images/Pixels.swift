/// Where the values of a data set's images are.
package enum Pixels: Sendable {
  /// All images decoded, `[n, h, w, c]`.
  case bytes([UInt8])
  /// Features that are not bytes (tables), `[n, h, w, c]`.
  case floats([Float])
  /// Image files decoded when a batch needs them.
  case files(ImageFiles)

  /// Whether augmentations that work on bytes apply.
  package var areBytes: Bool {
    if case .floats = self { return false }
    return true
  }

  /// Calls `body` with the bytes of image `index`; `scratch` holds an image's bytes.
  ///
  /// - Throws: `KirchhoffError` where a file cannot be decoded.
  package func withBytes<R>(
    of index: Int, shape: ImageShape, scratch: UnsafeMutablePointer<UInt8>,
    _ body: (UnsafePointer<UInt8>) throws -> R
  ) throws -> R {
    switch self {
    case .bytes(let bytes):
      return try bytes.withUnsafeBufferPointer { try body($0.baseAddress! + index * shape.count) }
    case .files(let files):
      try files.decode(index, into: scratch)
      return try body(scratch)
    case .floats:
      preconditionFailure("Pixels.withBytes: the data set holds Float values")
    }
  }
}
