/// Writes configs as YAML that people like to read: keys in the order of the type, short lists of
/// plain values on one line, numbers in their shortest exact form.
public enum ConfigYAML {
  /// `config` as YAML that `ConfigLoader` reads back to an equal value, whatever its presets are.
  public static func text(_ config: some Encodable) throws -> String {
    let node = try ConfigEncoder(origin: .preset("")).node(config)
    // Keys that are nil are not written; without a base nothing else fills them in.
    var lines = ["base: none"]
    append(node, indent: 0, to: &lines)
    return lines.joined(separator: "\n") + "\n"
  }

  private static func append(_ node: ConfigNode, indent: Int, to lines: inout [String]) {
    let space = String(repeating: " ", count: indent)
    switch node.content {
    case .mapping(let entries) where !entries.isEmpty:
      for entry in entries {
        if let short = inline(entry.value, room: 96 - indent - entry.key.count) {
          lines.append("\(space)\(quoted(entry.key)): \(short)")
        } else {
          lines.append("\(space)\(quoted(entry.key)):")
          append(entry.value, indent: indent + 2, to: &lines)
        }
      }
    case .sequence(let items) where !items.isEmpty:
      for item in items {
        if let short = inline(item, room: 94 - indent) {
          lines.append("\(space)- \(short)")
        } else {
          let first = lines.count
          append(item, indent: indent + 2, to: &lines)
          // The first line of the item carries the dash in place of two spaces.
          lines[first] = "\(space)- \(lines[first].dropFirst(indent + 2))"
        }
      }
    default: lines.append(space + (inline(node, room: .max) ?? ""))
    }
  }

  /// The node on one line, when it is a plain value, or a list of plain values or of such lists
  /// that fits in `room`.
  private static func inline(_ node: ConfigNode, room: Int) -> String? {
    switch node.content {
    case .null: return "null"
    case .scalar(let text, let plain): return plain ? text : quoted(text)
    case .mapping(let entries): return entries.isEmpty ? "{}" : nil
    case .sequence(let items):
      let parts = items.compactMap { inline($0, room: room) }
      guard parts.count == items.count else { return nil }
      let line = "[\(parts.joined(separator: ", "))]"
      return line.count <= room ? line : nil
    }
  }

  /// A string, in quotes when YAML would read something else without them.
  private static func quoted(_ text: String) -> String {
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
    let letters = text.unicodeScalars
    let safe =
      letters.first.map { $0.properties.isAlphabetic && $0.isASCII || $0 == "/" || $0 == "_" }
      ?? false
    let plain = letters.allSatisfy {
      $0.isASCII
        && ($0.properties.isAlphabetic || ("0"..."9").contains($0)
          || "_-./+".contains(Character($0)))
    }
    return safe && plain && !words.contains(text.lowercased()) ? text : JSON.quoted(text)
  }
}
