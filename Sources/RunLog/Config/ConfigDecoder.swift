import Runtime

/// Decodes a value from a `ConfigNode`, strictly.
///
/// Which keys a group may have is learnt from the type itself: a key of the file that the type has
/// not asked for while it decoded itself is unknown. That also holds for optional keys, enums and
/// hand-written `init(from:)`, where the keys of an encoded default would miss some. Parts that
/// conform to `ValidatedConfig` are validated as soon as they are decoded.
struct ConfigDecoder {
  /// Whether types that conform to `DefaultedConfig` fill keys that are not there.
  var fillsDefaults = true

  func decode<Value: Decodable>(_ type: Value.Type, from node: ConfigNode) throws -> Value {
    let log = KeyLog(fillsDefaults: fillsDefaults)
    return try NodeDecoder(node: node, path: [], log: log).value(type)
  }
}

/// Which keys the types asked for, by key path of the group.
final class KeyLog {
  var asked: [[String]: [String]] = [:]
  /// Groups whose type asked which keys there are: dictionaries, and enums with payloads.
  var listed: Set<[String]> = []
  /// Groups that a type opened itself, such as the payload of an enum's case.
  var nested: [NodeDecoder] = []
  let fillsDefaults: Bool

  init(fillsDefaults: Bool) { self.fillsDefaults = fillsDefaults }
}

/// The decoder at one node.
struct NodeDecoder: Decoder {
  let node: ConfigNode
  let path: [String]
  let log: KeyLog

  var codingPath: [any CodingKey] { path.map { PathKey(stringValue: $0) } }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func child(_ key: String, _ node: ConfigNode) -> NodeDecoder {
    NodeDecoder(node: node, path: path + [key], log: log)
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    let entries: [ConfigNode.Entry]
    switch node.content {
    case .mapping(let some): entries = some
    // An empty group in YAML is null.
    case .null: entries = []
    default: throw error(expected: "a group of keys")
    }
    log.asked[path] = log.asked[path] ?? []
    return KeyedDecodingContainer(KeyedNode<Key>(decoder: self, entries: entries))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .sequence(let items) = node.content else { throw error(expected: "a list") }
    return UnkeyedNode(decoder: self, items: items)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { SingleNode(decoder: self) }

  /// Decodes the node as `type`, then looks for unknown keys and validates.
  func value<Value: Decodable>(_ type: Value.Type) throws -> Value {
    if let scalar = try scalar(type) { return scalar }
    if let filled = try filled(type) { return try filled.decoded(type) }
    return try decoded(type)
  }

  /// This node over the defaults of its type, when it was written by hand and the type has some.
  private func filled<Value>(_ type: Value.Type) throws -> NodeDecoder? {
    guard log.fillsDefaults, !node.isComplete, case .mapping = node.content,
      let type = type as? any DefaultedConfig.Type
    else { return nil }
    let origin = ConfigNode.Origin.preset("default of \(type)")
    let whole = try ConfigEncoder(origin: origin).node(type.init()).merged(with: node)
    return NodeDecoder(node: whole, path: path, log: log)
  }

  private func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
    let value: Value
    do {
      value = try Value(from: self)
    } catch let problem as DecodingError {
      if let chosen = lastWritten { return try chosen.decoded(type) }
      throw explained(problem, type)
    }
    try checkKeys()
    let inner = log.nested.filter { $0.path.starts(with: path) }
    log.nested.removeAll { $0.path.starts(with: path) }
    for group in inner { try group.checkKeys() }
    if let config = value as? any ValidatedConfig {
      do {
        try config.validate()
      } catch let issue as ConfigIssue {
        throw error(issue)
      }
    }
    return value
  }

  /// An enum with payload is a group of one key, but layers join groups: a file's `{step: …}` over
  /// the preset's `{cosine: …}` has both.
  ///
  /// This is the node with the keys of the topmost layer only.
  private var lastWritten: NodeDecoder? {
    guard log.listed.contains(path), case .mapping(let entries) = node.content,
      let top = entries.map(\.keyOrigin.rank).max()
    else { return nil }
    let last = entries.filter { $0.keyOrigin.rank == top }
    guard last.count < entries.count else { return nil }
    let content = ConfigNode.Content.mapping(last)
    return NodeDecoder(
      node: ConfigNode(content: content, origin: node.origin), path: path, log: log)
  }

  /// Throws for the first key here that no type has asked for.
  private func checkKeys() throws {
    guard case .mapping(let entries) = node.content, let asked = log.asked[path] else { return }
    for entry in entries where !asked.contains(entry.key) {
      throw unknown(entry, among: asked)
    }
  }

  private func unknown(_ entry: ConfigNode.Entry, among known: [String]) -> KirchhoffError {
    let full = (path + [entry.key]).joined(separator: ".")
    // Which names an enum has is only known of those that are there.
    let expected =
      log.listed.contains(path)
      ? "a name that is valid here"
      : known.isEmpty ? "no keys here" : "one of \(known.joined(separator: ", "))"
    return KirchhoffError(
      .config, subject: entry.keyOrigin.subject, place: Self.place(entry.keyOrigin, full),
      found: "the unknown key \(entry.key)",
      expected: expected,
      hint: nearest(entry.key, in: known).map { "did you mean \($0)?" })
  }

  /// A missing key; most often it is there under a slightly wrong name.
  func missing(_ key: String, among entries: [ConfigNode.Entry]) -> KirchhoffError {
    let asked = log.asked[path] ?? []
    let strangers = entries.filter { !asked.contains($0.key) }
    let close = nearest(key, in: strangers.map(\.key))
    return KirchhoffError(
      .config, subject: node.origin.subject,
      place: Self.place(node.origin, (path + [key]).joined(separator: ".")), found: "no such key",
      expected: "a value", hint: close.map { "is \($0) meant for \(key)?" })
  }

  private func error(_ issue: ConfigIssue) -> KirchhoffError {
    let keys = issue.keyPath.split(separator: ".").map(String.init)
    let origin = node.nearest(to: issue.keyPath).origin
    return KirchhoffError(
      .config, subject: origin.subject,
      place: Self.place(origin, (path + keys).joined(separator: ".")), found: issue.found,
      expected: issue.expected)
  }

  func error(expected: String, hint: String? = nil) -> KirchhoffError {
    KirchhoffError(
      .config, subject: node.origin.subject,
      place: Self.place(node.origin, path.joined(separator: ".")), found: node.summary,
      expected: expected, hint: hint)
  }

  private static func place(_ origin: ConfigNode.Origin, _ keyPath: String) -> String {
    let key = keyPath.isEmpty ? "top level" : "key \(keyPath)"
    return origin.line.map { "line \($0), \(key)" } ?? key
  }

  /// Puts a failure of the type's own `init(from:)` in the user's terms.
  private func explained<Value>(_ problem: DecodingError, _ type: Value.Type) -> KirchhoffError {
    if case .scalar(let text, _) = node.content, let names = Self.cases(of: type) {
      return error(
        expected: "one of \(names.joined(separator: ", "))",
        hint: nearest(text, in: names).map { "did you mean \($0)?" })
    }
    return error(expected: problem.explained.problem)
  }

  /// The raw values of an enum that can list its cases.
  private static func cases<Value>(of type: Value.Type) -> [String]? {
    func list<Cases: CaseIterable>(_ type: Cases.Type) -> [String]? {
      let names = type.allCases.compactMap {
        ($0 as? any RawRepresentable).map { "\($0.rawValue)" }
      }
      return names.isEmpty ? nil : names
    }
    guard let iterable = type as? any CaseIterable.Type else { return nil }
    return list(iterable)
  }
}

struct PathKey: CodingKey {
  let stringValue: String
  var intValue: Int? { Int(stringValue) }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { stringValue = "\(intValue)" }
}
