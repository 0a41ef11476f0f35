import Foundation

/// The element types that Kirchhoff writes and reads in safetensors files.
public enum TensorElement: String, Sendable, CaseIterable {
  case float32 = "F32"
  case uint8 = "U8"
  case int32 = "I32"
  case int64 = "I64"
  case uint64 = "U64"

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .uint8: 1
    case .float32, .int32: 4
    case .int64, .uint64: 8
    }
  }
}

/// What a safetensors header says of one tensor.
public struct TensorEntry: Equatable, Sendable {
  /// The name, unique in its file.
  public let name: String
  /// The type of its elements.
  public let element: TensorElement
  /// The extent of each dimension, outermost first; empty for a scalar.
  public let shape: [Int]
  /// Where its bytes stand, counted from the end of the header.
  public let range: Range<Int>
}

/// One tensor to be written: what it is, and a closure that lends its bytes.
///
/// The closure runs once, while the file is written, so that no tensor need be copied beforehand.
public struct TensorSource {
  /// A closure that calls its argument once with the tensor's bytes, row-major, little-endian.
  public typealias Lender = ((UnsafeRawBufferPointer) throws -> Void) throws -> Void

  /// The name, unique in its file.
  public let name: String
  /// The type of its elements.
  public let element: TensorElement
  /// The extent of each dimension, outermost first.
  public let shape: [Int]
  let lend: Lender

  /// A tensor whose bytes `lend` hands to its argument.
  public init(
    name: String, element: TensorElement = .float32, shape: [Int], lend: @escaping Lender
  ) {
    self.name = name
    self.element = element
    self.shape = shape
    self.lend = lend
  }

  /// A float32 tensor from an array of as many values as `shape` has places.
  public init(name: String, shape: [Int], floats: [Float]) {
    self.init(name: name, element: .float32, shape: shape) { body in
      try floats.withUnsafeBytes(body)
    }
  }

  /// A vector of unsigned 64-bit integers (states of random streams, counters).
  public init(name: String, integers: [UInt64]) {
    self.init(name: name, element: .uint64, shape: [integers.count]) { body in
      try integers.withUnsafeBytes(body)
    }
  }

  /// A vector of bytes.
  public init(name: String, bytes: [UInt8]) {
    self.init(name: name, element: .uint8, shape: [bytes.count]) { body in
      try bytes.withUnsafeBytes(body)
    }
  }

  var byteCount: Int { shape.reduce(element.byteCount, *) }
}

/// Names of our entries in the `__metadata__` of a safetensors file.
enum ChecksumKey {
  /// xxHash64 of the header itself, taken with these sixteen digits as zeros.
  static let header = "xxh64.header"
  static func tensor(_ name: String) -> String { "xxh64:\(name)" }
  static let blank = String(repeating: "0", count: 16)

  static func isOurs(_ key: String) -> Bool { key == header || key.hasPrefix("xxh64:") }
}
