/// A group of keys being decoded; notes which keys the type asks for.
struct KeyedNode<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: NodeDecoder
  let entries: [ConfigNode.Entry]

  var codingPath: [any CodingKey] { decoder.codingPath }

  var allKeys: [Key] {
    decoder.log.listed.insert(decoder.path)
    let keys = entries.compactMap { Key(stringValue: $0.key) }
    for key in keys { _ = entry(key) }
    return keys
  }

  func contains(_ key: Key) -> Bool { entry(key) != nil }

  func decodeNil(forKey key: Key) throws -> Bool {
    guard let entry = entry(key) else { return true }
    if case .null = entry.value.content { return true }
    return false
  }

  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    try nested(key).value(type)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    let child = try nested(key)
    decoder.log.nested.append(child)
    return try child.container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try nested(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { decoder }
  func superDecoder(forKey key: Key) throws -> any Decoder { try nested(key) }

  private func entry(_ key: Key) -> ConfigNode.Entry? {
    let name = key.stringValue
    if decoder.log.asked[decoder.path]?.contains(name) != true {
      decoder.log.asked[decoder.path, default: []].append(name)
    }
    return entries.first { $0.key == name }
  }

  private func nested(_ key: Key) throws -> NodeDecoder {
    guard let entry = entry(key) else {
      throw decoder.missing(key.stringValue, among: entries)
    }
    return decoder.child(key.stringValue, entry.value)
  }
}

/// A list being decoded.
struct UnkeyedNode: UnkeyedDecodingContainer {
  let decoder: NodeDecoder
  let items: [ConfigNode]
  var currentIndex = 0

  var codingPath: [any CodingKey] { decoder.codingPath }
  var count: Int? { items.count }
  var isAtEnd: Bool { currentIndex >= items.count }

  init(decoder: NodeDecoder, items: [ConfigNode]) {
    self.decoder = decoder
    self.items = items
  }

  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, case .null = items[currentIndex].content else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try next().value(type)
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    let child = try next()
    decoder.log.nested.append(child)
    return try child.container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try next().unkeyedContainer()
  }

  mutating func superDecoder() throws -> any Decoder { try next() }

  private mutating func next() throws -> NodeDecoder {
    guard !isAtEnd else { throw decoder.error(expected: "more than \(items.count) items") }
    defer { currentIndex += 1 }
    return decoder.child("\(currentIndex)", items[currentIndex])
  }
}

/// A single value being decoded.
struct SingleNode: SingleValueDecodingContainer {
  let decoder: NodeDecoder

  var codingPath: [any CodingKey] { decoder.codingPath }

  func decodeNil() -> Bool {
    if case .null = decoder.node.content { true } else { false }
  }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.value(type) }
}
