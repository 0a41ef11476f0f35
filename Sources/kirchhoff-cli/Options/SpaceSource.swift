import Foundation
import Kirchhoff

/// Where a search space comes from: a preset's name or the path of a YAML file.
enum SpaceSource {
  /// Reads the space; a word with a slash or the ending of a YAML file is a path.
  static func load(_ source: String) throws -> SupernetSpace {
    if SupernetSpace.presetNames.contains(source) { return try .preset(source) }
    guard PathParts.namesYAML(source) || FileManager.default.fileExists(atPath: source) else {
      throw KirchhoffError(
        .config, subject: "search space", found: "\"\(source)\"",
        expected: "one of \(SupernetSpace.presetNames.joined(separator: ", ")), or a YAML file",
        hint: nearest(source, in: SupernetSpace.presetNames).map { "did you mean \($0)?" })
    }
    return try SupernetSpace(contentsOf: URL(fileURLWithPath: source))
  }

  /// What a shell offers: the presets, and YAML files that begin as typed.
  @Sendable
  static func completions(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
    SupernetSpace.presetNames.filter { $0.hasPrefix(prefix) }
      + Completions.yamlFiles(beginning: prefix)
  }
}
