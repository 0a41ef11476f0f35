import Foundation
import RunLog
import Runtime
import Testing

/// Signals to a child process: `kill -9` while it writes as fast as it can, and Ctrl-C.
@Suite struct KillTests {
  private static let variable = "KIRCHHOFF_TEST_KILL_FOLDER"
  private static let folder = ProcessInfo.processInfo.environment[variable]
  private static let canStartItself = FileManager.default.fileExists(atPath: "/proc/self/exe")

  struct State: Codable { var step: Int }

  /// The child: runs only when the parent starts this test binary with the variable set.
  @Test(.enabled(if: folder != nil)) func childWritesUntilItIsKilled() throws {
    let run = try RunDirectory(RunPaths(try #require(Self.folder)), mode: .overwrite)
    let store = run.checkpoints(fingerprint: "kill")
    let metrics = try run.metrics()
    for step in 1... {
      try metrics.append(
        .step(StepRecord(step: step, phase: "p", losses: ["max": 1], learningRate: 1)))
      try metrics.sync()
      let values = [Float](repeating: Float(step), count: 5000)
      try store.save(
        step: step, state: State(step: step),
        tensors: (0..<4).map { TensorSource(name: "w\($0)", shape: [5000], floats: values) },
        metricLines: metrics.lines)
    }
  }

  /// The child that asks for the signal flag and never stops because of it.
  @Test(.enabled(if: folder != nil)) func childGoesOnAfterTheFirstSignal() throws {
    SignalGuard.install()
    let folder = try #require(Self.folder)
    try AtomicFile.write("", to: "\(folder).ready")
    while true {
      if SignalGuard.shouldStop { try AtomicFile.write("", to: "\(folder).asked") }
      usleep(1000)
    }
  }

  /// Starts this test binary again for one test, with `folder` to work in.
  private func start(_ test: String, _ folder: String) throws -> Process {
    let child = Process()
    child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    child.arguments = ["--testing-library", "swift-testing", "--filter", test]
    child.environment = ProcessInfo.processInfo.environment.merging(
      [Self.variable: folder]
    ) { $1 }
    child.standardOutput = FileHandle.nullDevice
    child.standardError = FileHandle.nullDevice
    try child.run()
    return child
  }

  @Test(.enabled(if: folder == nil && canStartItself)) func theSecondCtrlCLeavesAtOnce() throws {
    let folder = try TemporaryFolder()
    let child = try start("childGoesOnAfterTheFirstSignal", folder.file("c"))
    defer { if child.isRunning { kill(child.processIdentifier, SIGKILL) } }
    for file in ["c.ready", "c.asked"] {
      let deadline = Date() + 30
      while !Folder.exists(folder.file(file)), Date() < deadline { usleep(2000) }
      #expect(Folder.exists(folder.file(file)))
      #expect(child.isRunning)
      kill(child.processIdentifier, SIGINT)
    }
    child.waitUntilExit()
    #expect(child.terminationReason == .exit)
    #expect(child.terminationStatus == 130)
  }

  @Test(.enabled(if: folder == nil && canStartItself))
  func aKillAtAnyMomentLeavesAValidCheckpoint() throws {
    for attempt in 0..<4 {
      let folder = try TemporaryFolder()
      let child = try start("childWritesUntilItIsKilled", folder.file("run"))
      let store = CheckpointStore(folder: folder.file("run/checkpoints"), fingerprint: "kill")
      let deadline = Date() + 30
      while store.steps.count < 2, Date() < deadline { usleep(2000) }
      usleep(UInt32(1000 * (3 + 7 * attempt)))
      kill(child.processIdentifier, SIGKILL)
      child.waitUntilExit()

      let checkpoint = try #require(try store.latest(State.self), "the child wrote nothing")
      #expect(checkpoint.state.step == checkpoint.step)
      #expect(try checkpoint.tensors.floats("w3").allSatisfy { $0 == Float(checkpoint.step) })
      let run = try RunDirectory(RunPaths(folder.file("run")), mode: .resume)
      let metrics = try run.metrics(resuming: checkpoint, in: store)
      #expect(metrics.lines == checkpoint.step)
      #expect(try MetricsLog.read(run.paths.metrics).last?.step == checkpoint.step)
    }
  }
}
