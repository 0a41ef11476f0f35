import Runtime

/// A config that knows which of its values make sense.
///
/// `ConfigLoader` calls `validate` on every part of a config that conforms, innermost first, and
/// puts the key path of the part before that of the issue.
public protocol ValidatedConfig: Codable {
  /// Throws a `ConfigIssue` for the first value that is out of range.
  func validate() throws
}

/// A config of which a file may leave out any key, also inside lists.
///
/// Swift's own decoding asks for every key that is not optional. For a conforming type
/// `ConfigLoader` takes what is left out from `init()`.
public protocol DefaultedConfig: ValidatedConfig {
  /// The config with its default values.
  init()
}

/// A value of a config that is of the right type and still wrong.
public struct ConfigIssue: Error, Equatable, Sendable {
  /// The key, relative to the config that found it; dots between levels.
  public var keyPath: String
  /// The value, as the user would write it.
  public var found: String
  /// What would be right.
  public var expected: String

  /// Creates an issue.
  public init(_ keyPath: String, found: String, expected: String) {
    self.keyPath = keyPath
    self.found = found
    self.expected = expected
  }
}

extension ValidatedConfig {
  /// Throws unless `value` lies in `range`.
  public func require<Value: Comparable>(
    _ keyPath: String, _ value: Value, in range: ClosedRange<Value>
  ) throws {
    if range.contains(value) { return }
    throw ConfigIssue(
      keyPath, found: "\(value)", expected: "\(range.lowerBound) to \(range.upperBound)")
  }

  /// Throws unless `value` is at least `bound`.
  public func require<Value: Comparable>(
    _ keyPath: String, _ value: Value, atLeast bound: Value
  ) throws {
    if value >= bound { return }
    throw ConfigIssue(keyPath, found: "\(value)", expected: "at least \(bound)")
  }

  /// Throws unless `value` is one of `allowed`.
  public func require<Value: Equatable>(
    _ keyPath: String, _ value: Value, oneOf allowed: [Value]
  ) throws {
    if allowed.contains(value) { return }
    let list = allowed.map { "\($0)" }.joined(separator: ", ")
    throw ConfigIssue(keyPath, found: "\(value)", expected: "one of \(list)")
  }

  /// Throws, saying what was `expected`, unless `condition` holds.
  public func require(
    _ keyPath: String, _ found: some Any, _ expected: String, _ condition: Bool
  ) throws {
    if !condition { throw ConfigIssue(keyPath, found: "\(found)", expected: expected) }
  }
}
