import Configuration
import Foundation
import Runtime

/// Which device an array is made of: one with a name, or a table.
public enum DeviceChoice: Hashable, Sendable {
  /// One of `DeviceRegistry`.
  case named(String)
  /// Measured states.
  case table(DeviceTable)

  /// The device.
  ///
  /// - Throws: `KirchhoffError` with the nearest name when there is none of this name.
  public func model() throws(KirchhoffError) -> any DeviceModel {
    switch self {
    case .named(let name): try DeviceRegistry.device(name)
    case .table(let table): table
    }
  }

  /// What the device is called.
  public var name: String {
    switch self {
    case .named(let name): name
    case .table(let table): table.name
    }
  }

  /// A device by name, or by the path of a table's file.
  ///
  /// - Parameter folder: Where a relative path begins; nil for the working directory.
  public init(_ text: String, in folder: URL? = nil) throws {
    guard text.hasSuffix(".yaml") || text.hasSuffix(".yml") || text.hasSuffix(".json") else {
      _ = try DeviceRegistry.device(text)
      self = .named(text)
      return
    }
    self = .table(try DeviceTable(contentsOf: URL(fileURLWithPath: text, relativeTo: folder)))
  }
}

extension DeviceChoice: ExpressibleByStringLiteral {
  /// A device by name.
  public init(stringLiteral name: String) { self = .named(name) }
}

extension DeviceChoice: Codable {
  /// Reads a name, the path of a table's file (from the folder of the file that is being read), or a table
  /// itself.
  public init(from decoder: any Decoder) throws {
    guard let text = try? decoder.singleValueContainer().decode(String.self) else {
      self = .table(try DeviceTable(from: decoder))
      return
    }
    let file = decoder.userInfo[.configurationFile] as? String
    let folder = file.map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
    do {
      try self.init(text, in: folder)
    } catch let error as KirchhoffError where error.subject == "device" {
      throw FieldError(
        decoder.codingPath, found: error.found,
        expected: error.expected.map { $0 + ", or the .yaml file of a table" }, hint: error.hint)
    }
  }

  /// Writes the name, or the whole table: what is read back needs no other file.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .named(let name):
      var container = encoder.singleValueContainer()
      try container.encode(name)
    case .table(let table): try table.encode(to: encoder)
    }
  }
}
