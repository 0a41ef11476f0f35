import Datasets
import Foundation
import Runtime
import Testing

/// A folder that goes away with the test.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "kirchhoff-datasets-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file (and the folders above it) and returns its path.
  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let target = path + "/" + name
    try FileManager.default.createDirectory(
      atPath: (target as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: target))
    return target
  }

  @discardableResult
  func write(_ name: String, text: String) throws -> String { try write(name, Array(text.utf8)) }

  func makeFolder(_ name: String) throws {
    try FileManager.default.createDirectory(
      atPath: path + "/" + name, withIntermediateDirectories: true)
  }
}

/// Expects a `KirchhoffError` of this kind whose text holds every fragment.
func expectError(
  _ kind: KirchhoffError.Kind, _ fragments: String...,
  at location: SourceLocation = #_sourceLocation,
  _ body: () throws -> Void
) {
  do {
    try body()
    Issue.record("no error", sourceLocation: location)
  } catch let error as KirchhoffError {
    #expect(error.kind == kind, "\(error)", sourceLocation: location)
    for fragment in fragments {
      #expect(
        "\(error)".contains(fragment), "\"\(fragment)\" is not in: \(error)",
        sourceLocation: location)
    }
  } catch {
    Issue.record("an error of another type: \(error)", sourceLocation: location)
  }
}

/// File formats written by an independent, plain encoder.
enum Encode {
  static func bigEndian(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * (3 - $0))) }
  }

  static func littleEndian(_ value: Int, bytes: Int = 4) -> [UInt8] {
    (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  static func idx(_ dimensions: [Int], _ elements: [UInt8]) -> [UInt8] {
    [0, 0, 8, UInt8(dimensions.count)] + dimensions.flatMap(bigEndian) + elements
  }

  static func crc32(_ bytes: some Sequence<UInt8>) -> Int {
    var crc: UInt32 = 0xffff_ffff
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
    }
    return Int(~crc)
  }

  /// Deflate's stored blocks: no compression.
  static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var rest = bytes[...]
    repeat {
      let part = rest.prefix(65535)
      rest = rest.dropFirst(part.count)
      result += [rest.isEmpty ? 1 : 0] + littleEndian(part.count, bytes: 2)
      result += littleEndian(~part.count & 0xffff, bytes: 2) + part
    } while !rest.isEmpty
    return result
  }

  static func gzip(_ bytes: [UInt8]) -> [UInt8] {
    [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] + stored(bytes) + littleEndian(crc32(bytes))
      + littleEndian(bytes.count)
  }

  /// 8-bit PNG of `channels` 1 (grey), 3 (colour) or 4 (colour and opacity).
  static func png(height: Int, width: Int, channels: Int, _ pixels: [UInt8]) -> [UInt8] {
    func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
      let body = Array(name.utf8) + content
      return bigEndian(content.count) + body + bigEndian(crc32(body))
    }
    let colourType: UInt8 = [1: 0, 3: 2, 4: 6][channels]!
    var lines: [UInt8] = []
    for y in 0..<height {
      lines += [0] + pixels[y * width * channels..<(y + 1) * width * channels]
    }
    var (a, b) = (1, 0)
    for byte in lines {
      a = (a + Int(byte)) % 65521
      b = (b + a) % 65521
    }
    let header = bigEndian(width) + bigEndian(height) + [8, colourType, 0, 0, 0]
    let data = [0x78, 0x01] + stored(lines) + bigEndian(b << 16 | a)
    return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] + chunk("IHDR", header)
      + chunk("IDAT", data) + chunk("IEND", [])
  }

  static func tarEntry(_ name: String, _ content: [UInt8], type: Character = "0") -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int) {
      for (i, byte) in text.utf8.enumerated() { header[offset + i] = byte }
    }
    func octal(_ value: Int, _ digits: Int) -> String {
      let text = String(value, radix: 8)
      return String(repeating: "0", count: digits - text.count) + text
    }
    put(String(name.prefix(100)), at: 0)
    put(octal(0o644, 7), at: 100)
    put(octal(content.count, 11), at: 124)
    put(String(repeating: " ", count: 8), at: 148)
    header[156] = type.asciiValue!
    put("ustar", at: 257)
    put("00", at: 263)
    put(octal(header.reduce(0) { $0 + Int($1) }, 6), at: 148)
    header[154] = 0
    return header + content
      + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }

  static func tar(_ files: [(name: String, content: [UInt8])]) -> [UInt8] {
    files.flatMap { tarEntry($0.name, $0.content) } + [UInt8](repeating: 0, count: 1024)
  }

  /// CIFAR-10 records: image i has label `labels[i]`, and channel c of pixel p is
  /// (7 · i + 5 · c + p) mod 256.
  static func cifar10(_ labels: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (i, label) in labels.enumerated() {
      bytes.append(label)
      for channel in 0..<3 {
        for pixel in 0..<1024 {
          bytes.append(UInt8(truncatingIfNeeded: 7 * i + 5 * channel + pixel))
        }
      }
    }
    return bytes
  }
}

/// Data sets made up for tests.
enum Sample {
  /// `count` images whose values are a simple function of image and position; labels cycle.
  static func dataset(
    count: Int, shape: ImageShape = ImageShape(height: 6, width: 6, channels: 1), classes: Int = 4
  ) -> ImageDataset {
    var images: [UInt8] = []
    for i in 0..<count {
      for p in 0..<shape.count { images.append(UInt8(truncatingIfNeeded: 31 * i + 7 * p)) }
    }
    return ImageDataset(
      name: "sample", split: "train", shape: shape, classNames: (0..<classes).map { "c\($0)" },
      images: images, labels: (0..<count).map { Int32($0 % classes) })
  }
}
