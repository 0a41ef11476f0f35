extension NodeDecoder {
  /// The node as one of the basic types, or nil when `type` is none of them.
  ///
  /// The target type decides, not the look of the text: `seed: 7` may be a number or a name.
  func scalar<Value>(_ type: Value.Type) throws -> Value? {
    switch type {
    case is String.Type:
      guard case .scalar(let text, _) = node.content else { throw error(expected: "text") }
      return text as? Value
    case is Bool.Type:
      switch plain {
      case "true", "True", "TRUE": return true as? Value
      case "false", "False", "FALSE": return false as? Value
      default: throw error(expected: "true or false")
      }
    case is Double.Type:
      guard let number = number else { throw error(expected: "a number") }
      return number as? Value
    case is Float.Type:
      guard let number = number else { throw error(expected: "a number") }
      return Float(number) as? Value
    case let integer as any FixedWidthInteger.Type:
      return try whole(integer) as? Value
    default:
      return nil
    }
  }

  /// The text of an unquoted value.
  private var plain: String? {
    if case .scalar(let text, plain: true) = node.content { text } else { nil }
  }

  private var number: Double? {
    guard let plain else { return nil }
    switch plain.lowercased() {
    case ".inf", "+.inf": return .infinity
    case "-.inf": return -.infinity
    case ".nan": return .nan
    default:
      // Swift would also take "inf", "nan" and hexadecimal floats, which are typing errors here.
      guard plain.allSatisfy({ $0.isNumber || "+-.eE_".contains($0) }) else { return nil }
      return Double(plain.filter { $0 != "_" })
    }
  }

  /// Also takes 1e5 and 100_000 where they are whole.
  private func whole<Integer: FixedWidthInteger>(_ type: Integer.Type) throws -> Integer {
    if let plain {
      if let value = Integer(plain.filter { $0 != "_" }) { return value }
      if plain.hasPrefix("0x"), let value = Integer(plain.dropFirst(2), radix: 16) { return value }
    }
    guard let number else { throw error(expected: "a whole number") }
    if let value = Integer(exactly: number) { return value }
    let range = "\(Integer.min) to \(Integer.max)"
    throw error(expected: number == number.rounded() ? range : "a whole number")
  }
}
