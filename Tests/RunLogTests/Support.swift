import Foundation
import RunLog
import Runtime
import Testing

/// A folder of its own for one test, removed with the object.
final class TemporaryFolder {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("runlog-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: file(name))), as: UTF8.self)
  }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
  }

  var names: [String] { Folder.names(path) }
}

/// The Kirchhoff error that `body` throws; records an issue when it throws none.
func kirchhoffError(
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) -> KirchhoffError? {
  do {
    try body()
    Issue.record("no error was thrown", sourceLocation: sourceLocation)
  } catch let error as KirchhoffError {
    return error
  } catch {
    Issue.record("another error: \(error)", sourceLocation: sourceLocation)
  }
  return nil
}

/// The bytes of a file, changed by `body`, written back as they are.
func damage(_ path: String, _ body: (inout Data) -> Void) throws {
  let url = URL(fileURLWithPath: path)
  var data = try Data(contentsOf: url)
  body(&data)
  try data.write(to: url)
}

/// Logged messages, for tests that expect a warning.
final class Messages: @unchecked Sendable {
  private let lock = NSLock()
  private var list: [String] = []
  func add(_ text: String) { lock.withLock { list.append(text) } }
  var all: [String] { lock.withLock { list } }
}
