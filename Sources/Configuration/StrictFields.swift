import Foundation
import Runtime

/// One step of the way to a value in a configuration.
package enum PathStep: Hashable, Sendable {
  case key(String)
  case index(Int)
}

/// What is wrong with one value of a configuration, before the file's name is known.
package struct FieldError: Error, CustomStringConvertible {
  package var path: [PathStep]
  package var found: String?
  package var expected: String?
  package var hint: String?

  package init(
    _ path: [PathStep], found: String? = nil, expected: String? = nil, hint: String? = nil
  ) {
    self.path = path
    self.found = found
    self.expected = expected
    self.hint = hint
  }

  package init(
    _ codingPath: [any CodingKey], found: String? = nil, expected: String? = nil,
    hint: String? = nil
  ) {
    self.init(
      codingPath.map { key in key.intValue.map(PathStep.index) ?? .key(key.stringValue) },
      found: found, expected: expected, hint: hint)
  }

  /// `stages[2].mbconv.kernels`.
  package var place: String {
    var text = ""
    for step in path {
      switch step {
      case .key(let key): text += text.isEmpty ? key : "." + key
      case .index(let index): text += "[\(index)]"
      }
    }
    return text.isEmpty ? "top level" : text
  }

  package var description: String { error(subject: "configuration").description }

  package func error(subject: String, line: Int? = nil) -> KirchhoffError {
    KirchhoffError(
      .config, subject: subject, place: line.map { "\(place) (line \($0))" } ?? place,
      found: found, expected: expected, hint: hint)
  }
}

/// The fields of a keyed value, in which an unknown key is an error.
package struct StrictFields<Key: CodingKey & CaseIterable> {
  private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// Where the value is.
  package let path: [any CodingKey]
  /// The keys that are there.
  package let present: [Key]
  private let container: KeyedDecodingContainer<Key>

  package init(_ decoder: any Decoder, _: Key.Type = Key.self) throws {
    path = decoder.codingPath
    let known = Key.allCases.map(\.stringValue)
    for key in try decoder.container(keyedBy: AnyKey.self).allKeys
    where !known.contains(key.stringValue) {
      throw FieldError(
        path + [key], found: "unknown key \"\(key.stringValue)\"",
        expected: "one of " + known.sorted().joined(separator: ", "),
        hint: nearest(key.stringValue, in: known).map { "did you mean \"\($0)\"?" })
    }
    container = try decoder.container(keyedBy: Key.self)
    present = container.allKeys
  }

  package func required<T: Decodable>(_ key: Key) throws -> T {
    guard let value: T = try optional(key) else {
      throw FieldError(path + [key], found: "nothing", expected: "a value")
    }
    return value
  }

  package func value<T: Decodable>(_ key: Key, or fallback: T) throws -> T {
    try optional(key) ?? fallback
  }

  package func optional<T: Decodable>(_ key: Key) throws -> T? {
    try container.decodeIfPresent(T.self, forKey: key)
  }

  /// A number in a range.
  package func number(_ key: Key, or fallback: Double, in range: ClosedRange<Double>) throws
    -> Double
  {
    let value = try value(key, or: fallback)
    guard range.contains(value) else {
      throw FieldError(
        path + [key], found: value.short,
        expected: "\(range.lowerBound.short) to \(range.upperBound.short)")
    }
    return value
  }

  /// A word out of a fixed list, with the nearest one suggested.
  package func word<T: RawRepresentable & CaseIterable>(_ key: Key, or fallback: T?) throws -> T
  where T.RawValue == String {
    guard let text: String = try optional(key) else {
      if let fallback { return fallback }
      throw FieldError(path + [key], found: "nothing", expected: "a value")
    }
    return try parseWord(text, at: path + [key])
  }

  /// A list of words.
  package func words<T: RawRepresentable & CaseIterable>(_ key: Key) throws -> [T]
  where T.RawValue == String {
    let texts: [String] = try value(key, or: [])
    return try texts.enumerated().map { try parseWord($1, at: path + [key, IndexKey($0)]) }
  }
}

/// The index of an element as a coding key.
package struct IndexKey: CodingKey {
  package var intValue: Int?
  package var stringValue: String { "\(intValue ?? 0)" }
  package init(_ index: Int) { intValue = index }
  package init?(stringValue: String) { nil }
  package init?(intValue: Int) { self.intValue = intValue }
}

/// A word out of a fixed list, with the nearest one suggested.
package func parseWord<T: RawRepresentable & CaseIterable>(
  _ text: String, at path: [any CodingKey]
) throws -> T
where T.RawValue == String {
  if let value = T(rawValue: text) { return value }
  let known = T.allCases.map(\.rawValue)
  throw FieldError(
    path, found: "\"\(text)\"", expected: "one of " + known.joined(separator: ", "),
    hint: nearest(text, in: known).map { "did you mean \"\($0)\"?" })
}

extension Double {
  /// The shortest decimal text: `6` and not `6.0`.
  package var short: String {
    self == rounded() && magnitude < 1e15 ? String(Int(self)) : String(self)
  }
}
