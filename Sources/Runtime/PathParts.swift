/// The folder and the name in a file path, as text; Foundation's way through `NSString` traps on
/// names of one letter.
package enum PathParts {
  /// The folder that a path lies in: "" for a bare name, "/" for what lies in the root.
  package static func folder(of path: String) -> String {
    let trimmed = withoutSlashes(path)
    guard let slash = trimmed.lastIndex(of: "/") else { return "" }
    let folder = withoutSlashes(String(trimmed[..<slash]))
    return folder.isEmpty ? "/" : folder
  }

  /// The last part of a path.
  package static func name(of path: String) -> String {
    let trimmed = withoutSlashes(path)
    guard let slash = trimmed.lastIndex(of: "/") else { return trimmed }
    return trimmed == "/" ? "/" : String(trimmed[trimmed.index(after: slash)...])
  }

  /// Whether a word that may name a preset is meant as the path of a YAML file.
  package static func namesYAML(_ word: String) -> Bool {
    word.contains("/") || word.hasSuffix(".yaml") || word.hasSuffix(".yml")
  }

  /// The path without slashes at its end; the root keeps its one.
  private static func withoutSlashes(_ path: String) -> String {
    var path = path[...]
    while path.count > 1, path.last == "/" { path.removeLast() }
    return String(path)
  }
}
