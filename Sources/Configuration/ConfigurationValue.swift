import Foundation
import Runtime
import Yams

/// A value that is read from and written to a YAML file with errors that name file, key path and line.
public protocol ConfigurationValue: Codable {
  /// Checks what decoding alone does not.
  func validate() throws
}

extension ConfigurationValue {
  /// Nothing more: decoding checks all.
  public func validate() throws {}

  /// Reads a value from YAML text.
  ///
  /// - Parameter file: what errors call the text.
  /// - Throws: `KirchhoffError` that names file, key path, line, what was found and expected.
  public init(yaml text: String, file: String) throws {
    do {
      self = try YAMLDecoder().decode(
        Self.self, from: text, userInfo: [.configurationFile: file])
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
    // YAMLEncoder rounds numbers to 15 digits, JSONEncoder keeps every bit but not the order.
    let json = String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
    let numbers = try Yams.compose(yaml: json)
    return try Yams.serialize(node: tidied(node, numbers: numbers), width: 96)
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

extension CodingUserInfoKey {
  /// The file that is being decoded, a `String`: files that it names may lie beside it.
  package static let configurationFile = CodingUserInfoKey(rawValue: "configurationFile")!
}

/// What went wrong while a configuration was decoded, with file, key path and line.
///
/// - Parameter text: the YAML text, to find the line in.
public func configurationError(_ error: any Error, text: String, file: String) -> KirchhoffError {
  if let error = error as? KirchhoffError { return error }
  if let error = error as? FieldError {
    return error.error(subject: file, line: locate(error.path, in: text)?.line)
  }
  guard let error = error as? DecodingError else {
    return KirchhoffError(.config, subject: file, found: "\(error)", expected: "valid YAML")
  }
  switch error {
  case .typeMismatch(_, let context), .valueNotFound(_, let context):
    return mismatch(error, context, text: text, file: file)
  case .keyNotFound(let key, let context):
    let field = FieldError(context.codingPath + [key], found: "nothing", expected: "a value")
    return field.error(subject: file, line: locate(field.path, in: text)?.line)
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
  let place = locate(field.path, in: text)
  var expected = context.debugDescription
  if case .typeMismatch(let type, _) = error { expected = expectation(of: type) }
  return FieldError(context.codingPath, found: place.map { summary($0.node) }, expected: expected)
    .error(subject: file, line: place?.line)
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

/// The node at a path, or the nearest one above it, and the line where it or its key stands.
private func locate(_ path: [PathStep], in text: String) -> (node: Node, line: Int?)? {
  guard var node = try? Yams.compose(yaml: text) else { return nil }
  var line = node.mark?.line
  for step in path {
    switch step {
    case .key(let key):
      guard let pair = node.mapping?.first(where: { $0.key.string == key }) else {
        return (node, line)
      }
      line = pair.key.mark?.line
      node = pair.value
    case .index(let index):
      guard let sequence = node.sequence, index < sequence.count else { return (node, line) }
      node = sequence[index]
      line = node.mark?.line
    }
  }
  return (node, line)
}

/// Sequences without mappings inside in flow style, the rest in block style, and numbers as another
/// encoder wrote them.
private func tidied(_ node: Node, numbers: Node?) -> Node {
  switch node {
  case .alias:
    return node
  case .scalar(var scalar):
    if let exact = numbers?.scalar, scalar.style == .plain, Double(exact.string) != nil {
      scalar.string = exact.string
    }
    return .scalar(scalar)
  case .mapping(let mapping):
    let pairs = mapping.map { ($0.key, tidied($0.value, numbers: numbers?.mapping?[$0.key])) }
    return .mapping(Node.Mapping(pairs, mapping.tag, .block))
  case .sequence(let sequence):
    let plain = !sequence.contains(where: containsMapping)
    let nodes = sequence.enumerated().map { index, node in
      tidied(node, numbers: numbers?.sequence.map { $0[index] })
    }
    return .sequence(Node.Sequence(nodes, sequence.tag, plain ? .flow : .block))
  }
}

private func containsMapping(_ node: Node) -> Bool {
  switch node {
  case .mapping: true
  case .sequence(let sequence): sequence.contains(where: containsMapping)
  case .scalar, .alias: false
  }
}
