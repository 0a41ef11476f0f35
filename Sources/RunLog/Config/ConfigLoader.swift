import Foundation
import Runtime

/// A named config that a user can start from.
public struct ConfigPreset<Config: Sendable>: Sendable {
  /// What the user types.
  public let name: String
  /// One line for the list of presets.
  public let summary: String
  /// The config.
  public let config: Config

  /// Creates a preset.
  public init(name: String, summary: String, config: Config) {
    self.name = name
    self.summary = summary
    self.config = config
  }
}

/// Makes a config from a preset or a YAML file, and `--set key.path=value`.
///
/// Layers, each over the one before: the preset (for a file: the one that its own key `base` names,
/// or the default; `base: none` starts from nothing), the file, the `--set` options in their order. Groups are joined key by key;
/// lists and values are replaced whole; `--set phases.0.steps=50` reaches into lists. Then the
/// result is decoded strictly: unknown keys, wrong types and values out of range are errors that
/// name file and line (or option), key path, what was found and what was expected, and the nearest
/// valid key.
public struct ConfigLoader<Config: ValidatedConfig & Sendable>: Sendable {
  /// The presets, the first of which is the default.
  public let presets: [ConfigPreset<Config>]
  /// The key by which a file names the preset that it starts from.
  public static var baseKey: String { "base" }

  /// A loader that knows `presets`, of which there must be at least one; the first is the default.
  public init(presets: [ConfigPreset<Config>]) {
    precondition(!presets.isEmpty, "ConfigLoader needs at least one preset")
    self.presets = presets
  }

  /// The config of `source`, a preset's name or the path of a YAML file (nil: the default preset),
  /// with `overrides` of the form `key.path=value` on top.
  ///
  /// Throws `.config` for whatever is wrong with the contents, `.io` when the file cannot be read,
  /// `.usage` when `source` is neither preset nor file.
  public func load(_ source: String?, overrides: [String] = []) throws -> Config {
    if let source, PathParts.namesYAML(source) {
      return try parse(try Self.text(source), subject: source, overrides: overrides)
    }
    let node = try preset(source ?? presets[0].name, subject: source ?? "default")
    return try Self.decode(node, overrides, fillsDefaults: true)
  }

  /// The config in YAML `text`, as if it stood in a file called `subject`.
  public func parse(_ text: String, subject: String, overrides: [String] = []) throws -> Config {
    let (node, hasBase) = try layered(text, subject: subject)
    // Without a base a key that is not there is nil, as in the config that was saved so.
    return try Self.decode(node, overrides, fillsDefaults: hasBase)
  }

  /// Whether `source` is a config of this kind, where a program knows several: one of the presets, or a
  /// YAML file that starts from one of them or has the key `key`.
  ///
  /// A file that cannot be read is of no kind; `load` says what is wrong with it.
  public func recognises(_ source: String, byKey key: String) -> Bool {
    guard PathParts.namesYAML(source) else { return presets.contains { $0.name == source } }
    guard let text = try? Self.text(source),
      let node = try? ConfigNode(yaml: text, subject: source, origin: { .file(source, line: $0) }),
      case .mapping(let entries) = node.content
    else { return false }
    return entries.contains { entry in
      if entry.key == key { return true }
      guard entry.key == Self.baseKey, case .scalar(let base, _) = entry.value.content else {
        return false
      }
      return presets.contains { $0.name == base }
    }
  }

  private static func decode(
    _ node: ConfigNode, _ overrides: [String], fillsDefaults: Bool
  ) throws -> Config {
    let whole = try overrides.reduce(node) { try apply($1, to: $0) }
    return try ConfigDecoder(fillsDefaults: fillsDefaults).decode(Config.self, from: whole)
  }

  private func preset(_ name: String, subject: String, place: String? = nil) throws -> ConfigNode {
    guard let preset = presets.first(where: { $0.name == name }) else {
      let names = presets.map(\.name)
      throw KirchhoffError(
        place == nil ? .usage : .config, subject: subject, place: place,
        found: "no preset and no .yaml file", expected: "one of \(names.joined(separator: ", "))",
        hint: nearest(name, in: names).map { "did you mean \($0)?" })
    }
    return try ConfigEncoder(origin: .preset(name)).node(preset.config)
  }

  private static func text(_ path: String) throws -> String {
    let data = try Folder.read(path)
    guard let text = String(data: data, encoding: .utf8) else {
      throw KirchhoffError(
        .config, subject: path, found: "bytes that are no text", expected: "YAML in UTF-8")
    }
    return text
  }

  /// The file over its base, and whether it has one.
  private func layered(
    _ text: String, subject: String
  ) throws -> (node: ConfigNode, hasBase: Bool) {
    var node = try ConfigNode(yaml: text, subject: subject) { .file(subject, line: $0) }
    var base = presets[0].name
    var place: String?
    if case .mapping(var entries) = node.content,
      let index = entries.firstIndex(where: { $0.key == Self.baseKey })
    {
      guard case .scalar(let name, _) = entries[index].value.content else {
        throw KirchhoffError(
          .config, subject: subject, place: "key \(Self.baseKey)",
          found: entries[index].value.summary, expected: "the name of a preset")
      }
      base = name
      place = "line \(entries[index].value.origin.line ?? 1), key \(Self.baseKey)"
      entries.remove(at: index)
      node.content = .mapping(entries)
    }
    switch node.content {
    case .mapping: break
    case .null: node.content = .mapping([])
    default:
      throw KirchhoffError(
        .config, subject: subject, place: "line 1", found: node.summary,
        expected: "a group of keys, as \"key: value\"")
    }
    if base == "none" { return (node, false) }
    return (try preset(base, subject: subject, place: place).merged(with: node), true)
  }

  private static func apply(_ text: String, to node: ConfigNode) throws -> ConfigNode {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let keys = parts[0].trimmingCharacters(in: .whitespaces)
      .split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !keys.contains("") else {
      throw KirchhoffError(
        .usage, subject: "--set \(text)", found: "\"\(text)\"", expected: "key.path=value",
        hint: "for example --set train.steps=500")
    }
    let value = try ConfigNode(yaml: String(parts[1]), subject: "--set \(text)") { _ in
      .option(text)
    }
    // A group given by --set is joined with the one there, like a file's.
    let old = keys.reduce(Optional(node)) { $0?[$1] }
    return try node.setting(keys[...], to: old?.merged(with: value) ?? value)
  }
}
