import Foundation
import Runtime

/// JSON with the choices of this package: sorted keys (equal values give equal bytes), slashes as
/// they are, and non-finite numbers as the strings "inf", "-inf", "nan", because a loss may be one.
package enum JSON {
  package static func encode(
    _ value: some Encodable, pretty: Bool = false, subject: String
  ) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting =
      pretty
      ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
      : [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      return try encoder.encode(value)
    } catch {
      throw KirchhoffError(
        .internalError, subject: subject, place: "encode JSON", found: "\(error)",
        expected: "a value that JSON can hold")
    }
  }

  package static func decode<Value: Decodable>(
    _ type: Value.Type, from data: Data, kind: KirchhoffError.Kind, subject: String,
    place: String? = nil
  ) throws -> Value {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      return try decoder.decode(type, from: data)
    } catch let error as DecodingError {
      let (keyPath, problem) = error.explained
      let parts = [place, keyPath.isEmpty ? nil : "key \(keyPath)"].compactMap { $0 }
      throw KirchhoffError(
        kind, subject: subject, place: parts.isEmpty ? nil : parts.joined(separator: ", "),
        found: problem, expected: "\(Value.self) as JSON")
    }
  }

  /// `text` as a JSON string with its quotes.
  package static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}

extension DecodingError {
  /// The key path and a short sentence of what is wrong there.
  package var explained: (keyPath: String, problem: String) {
    func path(_ keys: [any CodingKey]) -> String {
      keys.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
    }
    switch self {
    case .keyNotFound(let key, let context):
      return (path(context.codingPath + [key]), "no such key")
    case .typeMismatch(_, let context): return (path(context.codingPath), context.debugDescription)
    case .valueNotFound(_, let context): return (path(context.codingPath), "no value")
    case .dataCorrupted(let context):
      let detail = context.underlyingError.map { " (\($0))" } ?? ""
      return (path(context.codingPath), context.debugDescription + detail)
    @unknown default: return ("", "\(self)")
    }
  }
}
