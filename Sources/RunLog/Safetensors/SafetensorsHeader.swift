import Foundation
import Runtime

/// The header of a safetensors file, read and checked.
struct SafetensorsHeader {
  /// The format's own limit.
  private static let longestHeader = 100_000_000

  let dataStart: Int
  let tensors: [TensorEntry]
  let metadata: [String: String]

  init(_ file: UnsafeRawBufferPointer, path: String) throws {
    func damage(_ place: String, found: String, expected: String) -> KirchhoffError {
      KirchhoffError(
        .checkpoint, subject: path, place: place, found: found, expected: expected,
        hint: "the file is damaged or no safetensors file")
    }
    guard file.count >= 8 else {
      throw damage("header length", found: "\(file.count) bytes in all", expected: "at least 8")
    }
    let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
    let limit = min(Self.longestHeader, file.count - 8)
    guard length >= 2, length <= UInt64(limit) else {
      throw damage(
        "header length (bytes 0..<8)", found: "\(length)", expected: "2 to \(limit)")
    }
    dataStart = 8 + Int(length)
    let json = Data(file[8..<dataStart])
    let place = "header (bytes 8..<\(dataStart))"
    guard json.first == UInt8(ascii: "{") else {
      throw damage(place, found: "byte \(json.first!) at its start", expected: "{")
    }
    let content: HeaderContent
    do {
      content = try JSON.decode(
        HeaderContent.self, from: json, kind: .checkpoint, subject: path, place: place)
    } catch let error as KirchhoffError {
      throw damage(error.place ?? place, found: error.found ?? "no JSON", expected: "a JSON header")
    }
    metadata = content.metadata
    try Self.checkHash(file[..<dataStart], metadata) { damage(place, found: $0, expected: $1) }

    var entries: [TensorEntry] = []
    for (name, item) in content.items {
      let place = "header, tensor \(name)"
      guard let element = TensorElement(rawValue: item.dtype) else {
        throw damage(
          place, found: "dtype \(item.dtype)",
          expected: TensorElement.allCases.map(\.rawValue).joined(separator: ", "))
      }
      guard item.offsets.count == 2, item.offsets[0] >= 0, item.offsets[1] >= item.offsets[0] else {
        throw damage(
          place, found: "data_offsets \(item.offsets)", expected: "a begin and an end not before it"
        )
      }
      var size = element.byteCount
      for extent in item.shape {
        let (product, overflow) = size.multipliedReportingOverflow(by: extent)
        guard extent >= 0, !overflow else {
          throw damage(place, found: "shape \(item.shape)", expected: "extents that fit in memory")
        }
        size = product
      }
      guard size == item.offsets[1] - item.offsets[0] else {
        throw damage(
          place, found: "\(item.offsets[1] - item.offsets[0]) bytes of data",
          expected: "\(size) for \(item.dtype) \(item.shape)")
      }
      entries.append(
        TensorEntry(
          name: name, element: element, shape: item.shape, range: item.offsets[0]..<item.offsets[1])
      )
    }
    tensors = entries.sorted {
      ($0.range.lowerBound, $0.range.upperBound, $0.name)
        < ($1.range.lowerBound, $1.range.upperBound, $1.name)
    }
    var end = 0
    for entry in tensors {
      guard entry.range.lowerBound == end else {
        throw damage(
          "header, tensor \(entry.name)", found: "data from byte \(entry.range.lowerBound)",
          expected: "from byte \(end), where the one before ends")
      }
      end = entry.range.upperBound
    }
    guard file.count - dataStart == end else {
      throw damage(
        "end of the file", found: "\(file.count - dataStart) bytes of data",
        expected: "\(end), where the last tensor ends")
    }
  }

  /// The writer hashes the header with its own sixteen digits as zeros.
  private static func checkHash(
    _ header: Slice<UnsafeRawBufferPointer>, _ metadata: [String: String],
    _ damage: (_ found: String, _ expected: String) -> KirchhoffError
  ) throws {
    guard let expected = metadata[ChecksumKey.header] else {
      // Our tensors' checksums without the header's own: its name itself was hit.
      if metadata.keys.contains(where: ChecksumKey.isOurs) {
        throw damage("no \(ChecksumKey.header)", "it beside the tensors' checksums")
      }
      return
    }
    var copy = Data(header)
    guard let key = copy.range(of: Data("\"\(ChecksumKey.header)\":\"".utf8)),
      key.upperBound + 16 <= copy.endIndex
    else {
      throw damage("no readable checksum", "\"\(ChecksumKey.header)\" with sixteen digits")
    }
    copy.replaceSubrange(key.upperBound..<key.upperBound + 16, with: Data(ChecksumKey.blank.utf8))
    let found = copy.withUnsafeBytes { XXHash64.hash($0) }.hexadecimal
    if found != expected { throw damage("xxHash64 \(found)", "xxHash64 \(expected)") }
  }
}

/// The JSON of a header: tensors by name, and `__metadata__`.
private struct HeaderContent: Decodable {
  struct Item: Decodable {
    let dtype: String
    let shape: [Int]
    let offsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
  }

  struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  var items: [String: Item] = [:]
  var metadata: [String: String] = [:]

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    for key in container.allKeys {
      if key.stringValue == "__metadata__" {
        metadata = try container.decode([String: String].self, forKey: key)
      } else {
        items[key.stringValue] = try container.decode(Item.self, forKey: key)
      }
    }
  }
}
