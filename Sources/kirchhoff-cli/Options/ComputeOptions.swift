import ArgumentParser
import Kirchhoff
import Logging

/// How a command that computes uses the machine.
struct ComputeOptions: ParsableArguments {
  @Option(help: "Threads to compute with (default: all processors). Results do not depend on it.")
  var threads: Int?

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads is \(threads); it has to be 1 to 1024.")
    }
  }

  /// Sets the threads and says what slows the machine down.
  func apply() {
    LoggingSystem.bootstrap { _ in NoteHandler() }
    if let threads { Threads.count = threads }
    if let warning = BLAS.warning { note("warning: \(warning)") }
  }
}

/// Writes messages of the run log as plain lines on standard error, like the command's own.
private struct NoteHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.notice

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { note("\(event.level): \(event.message)") }
}
