import Foundation

/// One thing that `kirchhoff doctor` looked at.
struct Check: Encodable {
  /// How it is.
  enum Status: String, Encodable {
    case ok
    /// Works, but slower or less than it could.
    case warning
    /// A command needs it and it is not there.
    case missing
  }

  var name: String
  var status: Status
  /// What was found.
  var found: String
  /// The command or change that puts it right.
  var fix: String?

  /// A check that went well.
  init(_ name: String, _ found: String) {
    self.init(name, .ok, found)
  }

  init(_ name: String, _ status: Status, _ found: String, fix: String? = nil) {
    self.name = name
    self.status = status
    self.found = found
    self.fix = fix
  }

  private enum CodingKeys: String, CodingKey { case name, status, found, fix }

  /// The fix is there even when it is null, so that every check has the same keys.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(status, forKey: .status)
    try container.encode(found, forKey: .found)
    try container.encode(fix, forKey: .fix)
  }
}

/// Colours on terminals that want them.
enum Style {
  private static let isOn: Bool = {
    let environment = ProcessInfo.processInfo.environment
    return isatty(STDOUT_FILENO) != 0 && environment["TERM"] != "dumb"
      && (environment["NO_COLOR"] ?? "").isEmpty
  }()

  /// `text` in the colour of a status.
  static func apply(_ status: Check.Status, to text: String) -> String {
    guard isOn else { return text }
    let code =
      switch status {
      case .ok: 32
      case .warning: 33
      case .missing: 31
      }
    return "\u{1B}[\(code)m\(text)\u{1B}[0m"
  }
}
