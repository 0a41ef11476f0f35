import ArgumentParser
import Kirchhoff

/// `kirchhoff doctor`: what this machine has and lacks.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Say what this machine has and lacks, and how to get it.",
    discussion: """
      Each line is ok, a warning (slower, or needed only to build), or missing (a command will fail). \
      The exit code is 0 when nothing is missing, else 1.

      Examples:
        kirchhoff doctor
        kirchhoff doctor --json
      """)

  @OptionGroup var output: OutputOptions

  func run() throws {
    let checks =
      ProcessorChecks.all + LibraryChecks.all + BuildChecks.all + FolderChecks.all
      + DatasetChecks.all
    let isHealthy = !checks.contains { $0.status == .missing }
    if output.json {
      try printJSON(DoctorReport(healthy: isHealthy, checks: checks))
    } else {
      print(DoctorReport.text(checks))
    }
    if !isHealthy { throw ExitCode(KirchhoffError.Kind.internalError.exitCode) }
  }
}

/// What `kirchhoff doctor --json` prints.
struct DoctorReport: Encodable {
  /// Whether nothing is missing.
  var healthy: Bool
  /// Every check.
  var checks: [Check]

  /// One line a check, with its fix below, and a closing line.
  static func text(_ checks: [Check]) -> String {
    let width = checks.map(\.name.count).max() ?? 0
    var lines: [String] = []
    for check in checks {
      let status = check.status.rawValue.rightPadded(to: 7)
      lines.append(
        "\(Style.apply(check.status, to: status))  \(check.name.rightPadded(to: width))  "
          + check.found)
      if let fix = check.fix {
        lines.append(String(repeating: " ", count: width + 11) + "fix: \(fix)")
      }
    }
    let missing = checks.count { $0.status == .missing }
    let warnings = checks.count { $0.status == .warning }
    lines.append("")
    lines.append(
      missing == 0 && warnings == 0
        ? "All is well." : "\(missing) missing, \(counted(warnings, "warning")).")
    return lines.joined(separator: "\n")
  }

  private static func counted(_ count: Int, _ word: String) -> String {
    "\(count) \(word)\(count == 1 ? "" : "s")"
  }
}
