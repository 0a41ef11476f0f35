import Foundation
import Runtime
import Yams

/// A value that is read from and written to a YAML file with errors that name file, key path and line.
public protocol ConfigurationValue: Codable {
  /// Checks what decoding alone does not.
  func validate() throws
}

extension SupernetSpace: ConfigurationValue {}

extension ConfigurationValue {
  /// Reads a value from YAML text.
  ///
  /// - Parameter file: what errors call the text.
  /// - Throws: `KirchhoffError` that names file, key path, line, what was found and expected.
  public init(yaml text: String, file: String) throws {
    do {
      self = try YAMLDecoder().decode(Self.self, from: text)
    } catch {
      throw configurationError(error, text: text, file: file)
    }
    try validate()
  }

  /// Reads a value from a YAML file.
  ///
  /// - Throws: `KirchhoffError`, also when the file cannot be read.
  public init(contentsOf url: URL) throws {
    let text: String
    do {
      text = try String(contentsOf: url, encoding: .utf8)
    } catch {
      throw KirchhoffError(
        .io, subject: url.path, found: (error as NSError).localizedDescription,
        expected: "a readable YAML file in UTF-8")
    }
    try self.init(yaml: text, file: url.path)
  }

  /// The value as YAML, lists of plain values in one line.
  public func yaml() throws -> String {
    let text = try YAMLEncoder().encode(self)
    guard let node = try Yams.compose(yaml: text) else { return text }
    return try Yams.serialize(node: inlined(node), width: 96)
  }

  /// Writes the value to a YAML file in one step.
  ///
  /// - Throws: `KirchhoffError` when the file cannot be written.
  public func write(to url: URL) throws {
    do {
      try Data(yaml().utf8).write(to: url, options: .atomic)
    } catch let error as NSError {
      throw KirchhoffError(
        .io, subject: url.path, found: error.localizedDescription, expected: "a writable file")
    }
  }
}

/// What went wrong while a configuration was decoded, with file, key path and line.
///
/// - Parameter text: the YAML text, to find the line in.
public func configurationError(_ error: any Error, text: String, file: String) -> KirchhoffError {
  if let error = error as? KirchhoffError { return error }
  if let error = error as? FieldError {
    return error.error(subject: file, line: line(of: error.path, in: text))
  }
  guard let error = error as? DecodingError else {
    return KirchhoffError(.config, subject: file, found: "\(error)", expected: "valid YAML")
  }
  switch error {
  case .typeMismatch(_, let context), .valueNotFound(_, let context):
    return mismatch(error, context, text: text, file: file)
  case .keyNotFound(let key, let context):
    let field = FieldError(context.codingPath + [key], found: "nothing", expected: "a value")
    return field.error(subject: file, line: line(of: field.path, in: text))
  case .dataCorrupted(let context):
    if let inner = context.underlyingError, inner is FieldError || inner is KirchhoffError {
      return configurationError(inner, text: text, file: file)
    }
    return mismatch(error, context, text: text, file: file)
  @unknown default:
    return KirchhoffError(.config, subject: file, found: "\(error)", expected: "valid YAML")
  }
}

private func mismatch(
  _ error: DecodingError, _ context: DecodingError.Context, text: String, file: String
) -> KirchhoffError {
  if let yaml = context.underlyingError as? YamlError {
    return KirchhoffError(.config, subject: file, found: "\(yaml)", expected: "valid YAML")
  }
  let field = FieldError(context.codingPath)
  let node = node(at: field.path, in: text)
  var expected = context.debugDescription
  if case .typeMismatch(let type, _) = error { expected = expectation(of: type) }
  return FieldError(context.codingPath, found: node.map(summary), expected: expected)
    .error(subject: file, line: node?.mark?.line)
}

private func expectation(of type: any Any.Type) -> String {
  switch "\(type)" {
  case "Int", "Int64", "UInt64": "a whole number"
  case "Double", "Float": "a number"
  case "Bool": "true or false"
  case "String": "a text"
  case let name where name.hasPrefix("Array") || name.contains("Sequence"): "a list"
  default: "keys and values"
  }
}

private func summary(_ node: Node) -> String {
  switch node {
  case .scalar(let scalar): "\"\(scalar.string)\""
  case .mapping: "keys and values"
  case .sequence(let sequence): "a list of \(sequence.count)"
  case .alias: "an alias"
  }
}

/// The node at a path, or the nearest one above it.
private func node(at path: [PathStep], in text: String) -> Node? {
  guard var node = try? Yams.compose(yaml: text) else { return nil }
  for step in path {
    let next: Node? =
      switch step {
      case .key(let key): node.mapping?[Node(key)]
      case .index(let index): node.sequence.flatMap { index < $0.count ? $0[index] : nil }
      }
    guard let next else { break }
    node = next
  }
  return node
}

private func line(of path: [PathStep], in text: String) -> Int? {
  node(at: path, in: text)?.mark?.line
}

/// Sequences without mappings inside in flow style, the rest in block style.
private func inlined(_ node: Node) -> Node {
  switch node {
  case .scalar, .alias:
    return node
  case .mapping(let mapping):
    return .mapping(
      Node.Mapping(mapping.map { ($0.key, inlined($0.value)) }, mapping.tag, .block))
  case .sequence(let sequence):
    let plain = !sequence.contains(where: containsMapping)
    return .sequence(
      Node.Sequence(sequence.map(inlined), sequence.tag, plain ? .flow : .block))
  }
}

private func containsMapping(_ node: Node) -> Bool {
  switch node {
  case .mapping: true
  case .sequence(let sequence): sequence.contains(where: containsMapping)
  case .scalar, .alias: false
  }
}
