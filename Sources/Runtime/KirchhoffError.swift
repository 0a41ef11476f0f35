/// What went wrong with something that came from a user or a file: where, what was found, what was
/// expected.
public struct KirchhoffError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The kind of failure; it decides the exit code of the command.
  public enum Kind: String, Sendable, CaseIterable {
    /// Something inside Kirchhoff is wrong.
    case internalError
    /// The command line is wrong.
    case usage
    /// A configuration value or key is wrong.
    case config
    /// A data set is missing or damaged.
    case data
    /// A checkpoint is damaged or belongs to something else.
    case checkpoint
    /// Reading or writing a file failed.
    case io
    /// A numerical routine could not give a result.
    case numerical
    /// Stopped by Ctrl-C or a signal, after saving.
    case interrupted

    /// The exit code of the command: stable, and listed in its help.
    public var exitCode: Int32 {
      switch self {
      case .internalError: 1
      case .config: 3
      case .data: 4
      case .checkpoint: 5
      case .io: 6
      case .numerical: 7
      case .usage: 64
      case .interrupted: 130
      }
    }
  }

  /// The kind of failure.
  public let kind: Kind
  /// The file, option or object that is wrong.
  public let subject: String
  /// The place in it: a line, a byte offset, a key path.
  public let place: String?
  /// What is there.
  public let found: String?
  /// What should be there.
  public let expected: String?
  /// What the user can do.
  public let hint: String?

  /// An error about `subject`.
  public init(
    _ kind: Kind, subject: String, place: String? = nil, found: String? = nil,
    expected: String? = nil, hint: String? = nil
  ) {
    self.kind = kind
    self.subject = subject
    self.place = place
    self.found = found
    self.expected = expected
    self.hint = hint
  }

  /// One line: `subject, place: found …, expected … (hint)`.
  public var description: String {
    var text = subject
    if let place { text += ", \(place)" }
    let facts = [found.map { "found \($0)" }, expected.map { "expected \($0)" }].compactMap { $0 }
    if !facts.isEmpty { text += ": " + facts.joined(separator: ", ") }
    if let hint { text += " (\(hint))" }
    return text
  }
}
