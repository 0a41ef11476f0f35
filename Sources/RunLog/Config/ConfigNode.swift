import Runtime
import Yams

/// A YAML value together with where the user wrote it.
struct ConfigNode {
  /// Where a value comes from.
  enum Origin: Equatable {
    case preset(String)
    case file(String, line: Int)
    case option(String)

    /// The file or option that an error names.
    var subject: String {
      switch self {
      case .preset(let name): "preset \(name)"
      case .file(let path, _): path
      case .option(let text): "--set \(text)"
      }
    }

    /// The layer: presets below files below options.
    var rank: Int {
      switch self {
      case .preset: 0
      case .file: 1
      case .option: 2
      }
    }

    var line: Int? {
      if case .file(_, let line) = self { line } else { nil }
    }
  }

  struct Entry {
    var key: String
    var keyOrigin: Origin
    var value: ConfigNode
  }

  indirect enum Content {
    case null
    /// `plain`: written without quotes, so that it may be a number, a boolean or null.
    case scalar(String, plain: Bool)
    case sequence([ConfigNode])
    case mapping([Entry])
  }

  var content: Content
  var origin: Origin
  /// A group made from a value, not from text: a key that it lacks is nil, not left out.
  var isComplete = false

  /// The node in a few words, for error messages.
  var summary: String {
    switch content {
    case .null: "nothing"
    case .scalar(let text, let plain): plain ? text : "\"\(text)\""
    case .sequence(let items): "a list of \(items.count)"
    case .mapping(let entries):
      "a group of keys (\(entries.prefix(3).map(\.key).joined(separator: ", "))"
        + (entries.count > 3 ? ", …)" : ")")
    }
  }

  /// The child at a key, or at an index written as a key.
  subscript(key: String) -> ConfigNode? {
    switch content {
    case .mapping(let entries): entries.first { $0.key == key }?.value
    case .sequence(let items): Int(key).flatMap { items.indices.contains($0) ? items[$0] : nil }
    default: nil
    }
  }

  /// The node at a dotted key path, or the last one on the way there.
  func nearest(to keyPath: String) -> ConfigNode {
    var node = self
    for key in keyPath.split(separator: ".") {
      guard let child = node[String(key)] else { break }
      node = child
    }
    return node
  }

  /// Lays `other` over this node: groups are joined key by key, all else is replaced.
  func merged(with other: ConfigNode) -> ConfigNode {
    guard case .mapping(var entries) = content, case .mapping(let others) = other.content else {
      return other
    }
    for entry in others {
      if let index = entries.firstIndex(where: { $0.key == entry.key }) {
        let value = entries[index].value.merged(with: entry.value)
        entries[index] = Entry(key: entry.key, keyOrigin: entry.keyOrigin, value: value)
      } else {
        entries.append(entry)
      }
    }
    return ConfigNode(content: .mapping(entries), origin: other.origin, isComplete: isComplete)
  }

  /// Puts `value` at a key path, making groups that are not there.
  ///
  /// Lists take indices.
  func setting(_ keys: ArraySlice<String>, to value: ConfigNode) throws -> ConfigNode {
    guard let key = keys.first else { return value }
    let rest = keys.dropFirst()
    let origin = value.origin
    switch content {
    case .sequence(var items):
      guard let index = Int(key), items.indices.contains(index) else {
        throw KirchhoffError(
          .config, subject: origin.subject, place: "key \(key)", found: key,
          expected: items.isEmpty
            ? "no index: the list is empty" : "an index 0 to \(items.count - 1)"
        )
      }
      items[index] = try items[index].setting(rest, to: value)
      return ConfigNode(content: .sequence(items), origin: self.origin)
    case .mapping(var entries):
      if let index = entries.firstIndex(where: { $0.key == key }) {
        let child = try entries[index].value.setting(rest, to: value)
        entries[index] = Entry(key: key, keyOrigin: origin, value: child)
      } else {
        let child = try ConfigNode(content: .null, origin: origin).setting(rest, to: value)
        entries.append(Entry(key: key, keyOrigin: origin, value: child))
      }
      return ConfigNode(
        content: .mapping(entries), origin: self.origin, isComplete: isComplete)
    case .null:
      let child = try ConfigNode(content: .null, origin: origin).setting(rest, to: value)
      return ConfigNode(
        content: .mapping([Entry(key: key, keyOrigin: origin, value: child)]), origin: origin)
    case .scalar:
      throw KirchhoffError(
        .config, subject: origin.subject, place: "key \(key)",
        found: "a value (\(summary)) above it",
        expected: "a group of keys")
    }
  }
}

extension ConfigNode {
  /// Parses YAML text.
  ///
  /// `origin` makes a node's origin from its line, counted from 1.
  init(yaml: String, subject: String, origin: (Int) -> Origin) throws {
    let node: Node?
    do {
      node = try Yams.compose(yaml: yaml)
    } catch let error as YamlError {
      throw Self.explained(error, subject: subject)
    }
    if let node {
      self = try Self.converted(node, subject: subject, origin: origin)
    } else {
      self = ConfigNode(content: .null, origin: origin(1))
    }
  }

  private static func converted(
    _ node: Node, subject: String, origin: (Int) -> Origin
  ) throws -> ConfigNode {
    let place = origin(node.mark?.line ?? 1)
    switch node {
    case .scalar(let scalar):
      let plain = scalar.style == .plain || scalar.style == .any
      let isNull = plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
      return ConfigNode(
        content: isNull ? .null : .scalar(scalar.string, plain: plain), origin: place)
    case .sequence(let items):
      let nodes = try items.map { try converted($0, subject: subject, origin: origin) }
      return ConfigNode(content: .sequence(nodes), origin: place)
    case .mapping(let pairs):
      let entries = try pairs.map { key, value in
        guard let name = key.scalar?.string else {
          throw KirchhoffError(
            .config, subject: subject, place: key.mark.map { "line \($0.line)" },
            found: "a list or group as key", expected: "a word as key")
        }
        return Entry(
          key: name, keyOrigin: origin(key.mark?.line ?? 1),
          value: try converted(value, subject: subject, origin: origin))
      }
      return ConfigNode(content: .mapping(entries), origin: place)
    case .alias:
      throw KirchhoffError(
        .config, subject: subject, found: "an alias without its anchor", expected: "plain YAML")
    }
  }

  private static func explained(_ error: YamlError, subject: String) -> KirchhoffError {
    switch error {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let around = context.map { " (\($0.text) from line \($0.mark.line))" } ?? ""
      return KirchhoffError(
        .config, subject: subject, place: "line \(mark.line), column \(mark.column)",
        found: problem + around, expected: "YAML")
    case .duplicatedKeysInMapping(let duplicates, let context):
      let keys = duplicates.map { "\($0)" }.joined(separator: ", ")
      return KirchhoffError(
        .config, subject: subject, place: "line \(context.mark.line)",
        found: "the key \(keys) more than once", expected: "each key once")
    default:
      return KirchhoffError(.config, subject: subject, found: "\(error)", expected: "YAML")
    }
  }
}
