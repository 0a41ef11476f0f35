import Configuration
import Crossbar
import Foundation

/// What is different for the layers whose name fits a pattern.
public struct LayerRule: Codable, Hashable, Sendable {
  /// A name, in which * stands for anything.
  public var layer: String
  /// Whether these layers are digital.
  public var isDigital: Bool
  /// Hardware of their own; nil for that of the plan.
  public var hardware: CrossbarHardware?
  /// Word lines of an array; nil for those of the hardware.
  public var rows: Int?
  /// Bit lines of an array; nil for those of the hardware.
  public var columns: Int?

  /// A rule that changes nothing yet.
  public init(layer: String) {
    self.layer = layer
    isDigital = false
  }

  /// Whether a layer's name fits.
  func fits(_ name: String) -> Bool {
    let parts = layer.split(separator: "*", omittingEmptySubsequences: false)
    guard parts.count > 1 else { return layer == name }
    var rest = name[...]
    guard rest.hasPrefix(parts[0]) else { return false }
    rest.removeFirst(parts[0].count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let found = rest.range(of: part) else { return false }
      rest = rest[found.upperBound...]
    }
    return rest.hasSuffix(parts[parts.count - 1])
  }

  /// The hardware of these layers, where the others have `hardware`; nil where they are digital.
  func applied(to hardware: CrossbarHardware) -> CrossbarHardware? {
    guard !isDigital else { return nil }
    var result = self.hardware ?? hardware
    if let rows { result.rows = rows }
    if let columns { result.columns = columns }
    return result
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case layer, on, rows, columns }

  /// Reads a pattern with `on: digital`, with hardware, or with a size of arrays.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(layer: try fields.required(.layer))
    if (try? fields.optional(.on) as String?) == ArrayPlan.Place.digital.rawValue {
      isDigital = true
    } else {
      hardware = try (fields.optional(.on) as HardwareChoice?)?.hardware
    }
    rows = try fields.optional(.rows)
    columns = try fields.optional(.columns)
    for (key, value) in [(CodingKeys.rows, rows), (.columns, columns)] {
      if let value, !(1...65_536).contains(value) {
        throw FieldError(fields.path + [key], found: "\(value)", expected: "1 to 65536")
      }
    }
    if fields.present == [.layer] || isDigital && (rows != nil || columns != nil) {
      throw FieldError(
        fields.path,
        found: isDigital ? "the size of digital layers' arrays" : "nothing but a layer",
        expected: "on: digital, on: hardware, or rows and columns")
    }
  }

  /// Writes what ``init(from:)`` reads.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(layer, forKey: .layer)
    if isDigital { try container.encode(ArrayPlan.Place.digital.rawValue, forKey: .on) }
    try container.encodeIfPresent(hardware, forKey: .on)
    try container.encodeIfPresent(rows, forKey: .rows)
    try container.encodeIfPresent(columns, forKey: .columns)
  }
}

/// Hardware as a preset's name, the path of its file, or itself.
struct HardwareChoice: Decodable {
  var hardware: CrossbarHardware

  init(from decoder: any Decoder) throws {
    guard let text = try? decoder.singleValueContainer().decode(String.self) else {
      hardware = try CrossbarHardware(from: decoder)
      return
    }
    let file = decoder.userInfo[.configurationFile] as? String
    let folder = file.map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
    hardware = try CrossbarHardware.named(text, in: folder)
  }
}
