import Foundation
import Runtime

/// A safetensors file opened for reading: mapped into memory, its header checked on opening.
///
/// Structure is checked for every file: header length, JSON, types, shapes, offsets that neither
/// overlap nor leave gaps nor pass the end. Files written by `SafetensorsWriter` also carry
/// checksums: the header's is checked on opening, a tensor's when it is first read or by `verify`.
public final class SafetensorsFile {
  /// Where the file is.
  public let path: String
  /// The writer's metadata, without the checksums.
  public let metadata: [String: String]
  /// The tensors in the order of their data.
  public let tensors: [TensorEntry]

  private let mapping: FileMapping
  private let dataStart: Int
  private let checksums: [String: String]
  private let byName: [String: TensorEntry]
  private var verified: Set<String> = []

  /// Maps and checks the file.
  ///
  /// Throws `.io` when it cannot be read and `.checkpoint`, naming place, found and expected, when
  /// it is not a sound safetensors file.
  public init(path: String) throws {
    self.path = path
    mapping = try FileMapping(path: path)
    let header = try SafetensorsHeader(mapping.bytes, path: path)
    dataStart = header.dataStart
    tensors = header.tensors
    checksums = header.metadata.filter { ChecksumKey.isOurs($0.key) }
    metadata = header.metadata.filter { !ChecksumKey.isOurs($0.key) }
    byName = Dictionary(uniqueKeysWithValues: header.tensors.map { ($0.name, $0) })
  }

  /// The entry of a tensor, or nil.
  public subscript(name: String) -> TensorEntry? { byName[name] }

  /// Lends the bytes of one tensor, row-major and little-endian, after checking their checksum.
  public func withBytes<Result>(
    of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    guard let entry = byName[name] else {
      throw KirchhoffError(
        .checkpoint, subject: path, place: "tensor \(name)", found: "no such tensor",
        expected: "it among the file's \(tensors.count) tensors",
        hint: nearest(name, in: tensors.map(\.name)).map { "did you mean \($0)?" })
    }
    try verify(entry)
    return try body(bytes(of: entry))
  }

  /// Copies one tensor to `destination` after checking that it is the expected one.
  ///
  /// Throws `.checkpoint` on another type or shape than expected, or on damage. Traps when the
  /// destination has not exactly the tensor's size.
  public func read(
    _ name: String, element: TensorElement = .float32, shape: [Int],
    into destination: UnsafeMutableRawBufferPointer
  ) throws {
    try withBytes(of: name) { bytes in
      let entry = byName[name]!
      guard entry.element == element, entry.shape == shape else {
        throw KirchhoffError(
          .checkpoint, subject: path, place: "tensor \(name)",
          found: "\(entry.element.rawValue) \(entry.shape)",
          expected: "\(element.rawValue) \(shape)",
          hint: "this is a checkpoint of another network")
      }
      precondition(
        destination.count == bytes.count,
        "\(name): room for \(destination.count) bytes, tensor of \(bytes.count)")
      destination.copyMemory(from: bytes)
    }
  }

  /// The values of a float32 tensor.
  public func floats(_ name: String) throws -> [Float] {
    try values(name, .float32)
  }

  /// The values of an unsigned 64-bit tensor.
  public func integers(_ name: String) throws -> [UInt64] {
    try values(name, .uint64)
  }

  /// The values of a byte tensor.
  public func bytes(_ name: String) throws -> [UInt8] {
    try values(name, .uint8)
  }

  /// Checks the checksum of every tensor; the error names the first damaged one.
  public func verify() throws {
    for entry in tensors { try verify(entry) }
  }

  /// Throws where a value of a float32 tensor is not a finite number; the error names the first.
  public func checkFinite() throws {
    for tensor in tensors where tensor.element == .float32 {
      let floats = try floats(tensor.name)
      guard let bad = floats.firstIndex(where: { !$0.isFinite }) else { continue }
      throw KirchhoffError(
        .numerical, subject: path,
        place: "tensor \(tensor.name) \(RowMajor.indices(of: bad, in: tensor.shape))",
        found: "\(floats[bad])", expected: "a finite number")
    }
  }

  private func values<Value: BitwiseCopyable>(
    _ name: String, _ element: TensorElement
  ) throws -> [Value] {
    try withBytes(of: name) { bytes in
      let found = byName[name]!.element
      guard found == element else {
        throw KirchhoffError(
          .checkpoint, subject: path, place: "tensor \(name)", found: found.rawValue,
          expected: element.rawValue)
      }
      let count = bytes.count / MemoryLayout<Value>.stride
      return [Value](unsafeUninitializedCapacity: count) { values, filled in
        UnsafeMutableRawBufferPointer(values).copyMemory(from: bytes)
        filled = count
      }
    }
  }

  private func bytes(of entry: TensorEntry) -> UnsafeRawBufferPointer {
    let start = dataStart + entry.range.lowerBound
    return UnsafeRawBufferPointer(rebasing: mapping.bytes[start..<start + entry.range.count])
  }

  private func verify(_ entry: TensorEntry) throws {
    guard let expected = checksums[ChecksumKey.tensor(entry.name)],
      !verified.contains(entry.name)
    else { return }
    let found = XXHash64.hash(bytes(of: entry)).hexadecimal
    guard found == expected else {
      let start = dataStart + entry.range.lowerBound
      throw KirchhoffError(
        .checkpoint, subject: path,
        place: "tensor \(entry.name), bytes \(start)..<\(start + entry.range.count)",
        found: "xxHash64 \(found)", expected: "xxHash64 \(expected)", hint: "the file is damaged")
    }
    verified.insert(entry.name)
  }
}

/// A read-only mapping of a whole file.
final class FileMapping {
  let bytes: UnsafeRawBufferPointer

  init(path: String) throws {
    let file = try OpenFile(path: path, flags: O_RDONLY)
    let size = try file.size()
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.descriptor, 0)
    guard let address, address != MAP_FAILED else {
      throw KirchhoffError.system(path, "map", errno)
    }
    bytes = UnsafeRawBufferPointer(start: address, count: size)
  }

  deinit {
    if let address = bytes.baseAddress {
      munmap(UnsafeMutableRawPointer(mutating: address), bytes.count)
    }
  }
}
