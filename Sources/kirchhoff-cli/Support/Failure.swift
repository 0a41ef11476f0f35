import ArgumentParser
import Foundation
import Kirchhoff

/// The exit codes and what they mean.
enum ExitCodes {
  /// One line a code, for the help.
  static var list: String {
    let codes = [(Int32(0), "success")] + meanings
    return codes.sorted { $0.0 < $1.0 }
      .map { code, meaning in "  \(String(code).leftPadded(to: 3))  \(meaning)" }
      .joined(separator: "\n")
  }

  private static var meanings: [(Int32, String)] {
    KirchhoffError.Kind.allCases.map { kind in
      let meaning =
        switch kind {
        case .internalError: "an error inside kirchhoff; or a check found something missing"
        case .config: "a configuration, search space or subnet is wrong"
        case .data: "a data set is missing or damaged"
        case .checkpoint: "a checkpoint is damaged or belongs to another space"
        case .io: "a file cannot be read or written"
        case .numerical: "a computation has no result, such as a loss that is not finite"
        case .usage: "the command line is wrong"
        case .interrupted: "stopped by Ctrl-C, after saving (143: by SIGTERM)"
        }
      return (kind.exitCode, meaning)
    }
  }
}

/// The one place where errors become a line on standard error and an exit code.
enum Failure {
  /// Ends the process: help and version with 0, errors with the code of their kind.
  static func exit(_ error: any Error) -> Never {
    fflush(nil)
    switch error {
    case let error as KirchhoffError:
      note("error: \(error)")
      Foundation.exit(
        error.kind == .interrupted
          ? SignalGuard.exitCode ?? error.kind.exitCode : error.kind.exitCode)
    case is ExitCode, is CleanExit:
      KirchhoffCommand.exit(withError: error)
    default: exitFromParser(error)
    }
  }

  /// ArgumentParser wraps its own errors and requests for help; what it does not know is a failure
  /// inside.
  private static func exitFromParser(_ error: any Error) -> Never {
    let code = KirchhoffCommand.exitCode(for: error)
    if code == .success { KirchhoffCommand.exit(withError: error) }
    if code == .validationFailure {
      let text = KirchhoffCommand.fullMessage(for: error)
      note(text.hasPrefix("Error: ") ? "error: " + text.dropFirst(7) : text)
      Foundation.exit(KirchhoffError.Kind.usage.exitCode)
    }
    note("error: \(error)")
    Foundation.exit(KirchhoffError.Kind.internalError.exitCode)
  }

  /// Refuses a first word that is no command, with the nearest that is.
  static func checkCommandName(_ word: String?) throws {
    guard let word, !word.hasPrefix("-") else { return }
    let names =
      KirchhoffCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
      + ["help"]
    if names.contains(word) { return }
    throw KirchhoffError(
      .usage, subject: "command line", found: "the unknown command \"\(word)\"",
      expected: "one of \(names.joined(separator: ", "))",
      hint: nearest(word, in: names).map { "did you mean \($0)?" } ?? "see kirchhoff --help")
  }
}

/// Writes a line to standard error.
func note(_ text: String) {
  FileHandle.standardError.write(Data((text + "\n").utf8))
}
