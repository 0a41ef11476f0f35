import Foundation
import Testing

/// The built command, run as a user runs it.
enum Tool {
  /// What a run came to.
  struct Output {
    var standardOutput: String
    var standardError: String
    var exitCode: Int32

    /// Standard output as JSON.
    func json() throws -> Any {
      try JSONSerialization.jsonObject(with: Data(standardOutput.utf8))
    }

    /// Standard output as a JSON object.
    func object() throws -> [String: Any] { try #require(try json() as? [String: Any]) }

    /// Standard output as a JSON list of objects.
    func objects() throws -> [[String: Any]] { try #require(try json() as? [[String: Any]]) }
  }

  /// The command beside the test bundle, or else in the build folder of the package.
  static let path: URL = {
    let beside = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let folders =
      [beside, Bundle.main.bundleURL.deletingLastPathComponent()].compactMap { $0 }
      + ["release", "debug"].map { root.appendingPathComponent(".build/\($0)") }
    let candidates = folders.map { $0.appendingPathComponent("kirchhoff") }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) }
      ?? candidates[0]
  }()

  /// Runs the command with `arguments` and waits for it.
  ///
  /// What the tests' own environment says about kernels and data is left out.
  static func run(
    _ arguments: String..., environment: [String: String] = [:], in folder: URL? = nil
  ) throws -> Output {
    try run(arguments, environment: environment, in: folder)
  }

  /// The same with a list.
  static func run(
    _ arguments: [String], environment: [String: String] = [:], in folder: URL? = nil,
    whileRunning: (Process) throws -> Void = { _ in }
  ) throws -> Output {
    try run(
      path, arguments, environment: environment, in: folder, whileRunning: whileRunning)
  }

  /// Runs any program in the same way.
  static func run(
    _ program: URL, _ arguments: [String], environment: [String: String] = [:],
    in folder: URL? = nil, whileRunning: (Process) throws -> Void = { _ in }
  ) throws -> Output {
    let scratch = try Folder()
    let outputs = ["out", "err"].map { scratch.url.appendingPathComponent($0) }
    for output in outputs { try Data().write(to: output) }
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.environment = self.environment.merging(environment) { $1 }
    if let folder { process.currentDirectoryURL = folder }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: outputs[0])
    process.standardError = try FileHandle(forWritingTo: outputs[1])
    // Waiting by run loop, as waitUntilExit does, can miss the end of a process.
    let finished = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in finished.signal() }
    try process.run()
    try whileRunning(process)
    if finished.wait(timeout: .now() + patience) == .timedOut {
      kill(process.processIdentifier, SIGKILL)
      Issue.record("\(program.lastPathComponent) \(arguments) still runs after \(patience) s")
      finished.wait()
    }
    let texts = try outputs.map { try String(contentsOf: $0, encoding: .utf8) }
    return Output(
      standardOutput: texts[0], standardError: texts[1], exitCode: process.terminationStatus)
  }

  /// Seconds that a command may take; far more than any needs.
  private static let patience = 120.0

  private static let environment = ProcessInfo.processInfo.environment.filter { key, _ in
    !key.hasPrefix("OPENBLAS_") && !key.hasPrefix("KIRCHHOFF_") && key != "COLUMNS"
  }
}

/// A folder of its own that goes with the object.
final class Folder: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appendingPathComponent("kirchhoff-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// The path of a file in it.
  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  /// Writes a file in it and gives its path.
  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }

  /// Writes a file in it and gives its path.
  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    let target = url.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: target)
    return target.path
  }
}
