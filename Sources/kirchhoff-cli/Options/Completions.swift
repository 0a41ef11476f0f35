import Foundation

/// What shells offer beyond fixed words.
enum Completions {
  /// YAML files whose path begins so.
  static func yamlFiles(beginning prefix: String) -> [String] {
    let folder = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? ""
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: folder.isEmpty ? "." : folder)
    return (names ?? []).sorted()
      .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
      .map { folder + $0 }.filter { $0.hasPrefix(prefix) }
  }
}
