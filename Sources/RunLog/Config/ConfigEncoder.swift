/// Encodes a value to a `ConfigNode`, keys in the order in which the type encodes them.
///
/// Keys of nil values are written as null when the type encodes them at all.
struct ConfigEncoder {
  let origin: ConfigNode.Origin

  func node(_ value: some Encodable) throws -> ConfigNode {
    let slot = Slot()
    try value.encode(to: SlotEncoder(slot: slot, codingPath: []))
    return slot.node(origin)
  }
}

/// A place in the tree that is being built.
private final class Slot {
  enum Content {
    case empty
    case scalar(String, plain: Bool)
    case null
    case sequence([Slot])
    case mapping([(key: String, slot: Slot)])
  }

  var content: Content = .empty

  func node(_ origin: ConfigNode.Origin) -> ConfigNode {
    switch content {
    case .empty, .null: return ConfigNode(content: .null, origin: origin)
    case .scalar(let text, let plain):
      return ConfigNode(content: .scalar(text, plain: plain), origin: origin)
    case .sequence(let slots):
      return ConfigNode(content: .sequence(slots.map { $0.node(origin) }), origin: origin)
    case .mapping(let pairs):
      let entries = pairs.map {
        ConfigNode.Entry(key: $0.key, keyOrigin: origin, value: $0.slot.node(origin))
      }
      return ConfigNode(content: .mapping(entries), origin: origin, isComplete: true)
    }
  }

  func child(_ key: String) -> Slot {
    var pairs: [(key: String, slot: Slot)] = []
    if case .mapping(let old) = content { pairs = old }
    if let old = pairs.first(where: { $0.key == key }) { return old.slot }
    let slot = Slot()
    content = .mapping(pairs + [(key, slot)])
    return slot
  }

  func appended() -> Slot {
    var slots: [Slot] = []
    if case .sequence(let old) = content { slots = old }
    let slot = Slot()
    content = .sequence(slots + [slot])
    return slot
  }

  func set<Value: Encodable>(_ value: Value, path: [any CodingKey]) throws {
    switch value {
    case let text as String: content = .scalar(text, plain: false)
    case let flag as Bool: content = .scalar(flag ? "true" : "false", plain: true)
    case let number as Double: content = .scalar(Self.text(number), plain: true)
    case let number as Float: content = .scalar(Self.text(number), plain: true)
    case let number as any BinaryInteger: content = .scalar("\(number)", plain: true)
    default: try value.encode(to: SlotEncoder(slot: self, codingPath: path))
    }
  }

  private static func text<Number: BinaryFloatingPoint & LosslessStringConvertible>(
    _ number: Number
  ) -> String {
    if number.isNaN { return ".nan" }
    if number.isInfinite { return number < 0 ? "-.inf" : ".inf" }
    return "\(number)"
  }
}

private struct SlotEncoder: Encoder {
  let slot: Slot
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    if case .empty = slot.content { slot.content = .mapping([]) }
    return KeyedEncodingContainer(Keyed<Key>(slot: slot, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if case .empty = slot.content { slot.content = .sequence([]) }
    return Unkeyed(slot: slot, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    Single(slot: slot, codingPath: codingPath)
  }
}

private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let slot: Slot
  let codingPath: [any CodingKey]

  mutating func encodeNil(forKey key: Key) { slot.child(key.stringValue).content = .null }

  mutating func encode(_ value: some Encodable, forKey key: Key) throws {
    try slot.child(key.stringValue).set(value, path: codingPath + [key])
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    nested(key).container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    nested(key).unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder {
    SlotEncoder(slot: slot.child("super"), codingPath: codingPath)
  }

  mutating func superEncoder(forKey key: Key) -> any Encoder { nested(key) }

  private func nested(_ key: Key) -> SlotEncoder {
    SlotEncoder(slot: slot.child(key.stringValue), codingPath: codingPath + [key])
  }
}

private struct Unkeyed: UnkeyedEncodingContainer {
  let slot: Slot
  let codingPath: [any CodingKey]

  var count: Int { if case .sequence(let slots) = slot.content { slots.count } else { 0 } }

  mutating func encodeNil() { slot.appended().content = .null }

  mutating func encode(_ value: some Encodable) throws {
    try slot.appended().set(value, path: codingPath)
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) -> KeyedEncodingContainer<Nested> {
    SlotEncoder(slot: slot.appended(), codingPath: codingPath).container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    SlotEncoder(slot: slot.appended(), codingPath: codingPath).unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder {
    SlotEncoder(slot: slot.appended(), codingPath: codingPath)
  }
}

private struct Single: SingleValueEncodingContainer {
  let slot: Slot
  let codingPath: [any CodingKey]

  mutating func encodeNil() { slot.content = .null }
  mutating func encode(_ value: some Encodable) throws { try slot.set(value, path: codingPath) }
}
