import Foundation
import Runtime
import Testing

@testable import RunLog

/// `kill -9` while a child process writes checkpoints and metrics as fast as it can.
@Suite struct KillTests {
  private static let variable = "KIRCHHOFF_TEST_KILL_FOLDER"
  private static let folder = ProcessInfo.processInfo.environment[variable]

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

  @Test(.enabled(if: folder == nil && FileManager.default.fileExists(atPath: "/proc/self/exe")))
  func aKillAtAnyMomentLeavesAValidCheckpoint() throws {
    for attempt in 0..<4 {
      let folder = try TemporaryFolder()
      let child = Process()
      child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      // The same library and bundle arguments that this process was started with, another filter.
      child.arguments =
        ["--testing-library", "swift-testing"]
        + ["--filter", "childWritesUntilItIsKilled"]
      child.environment = ProcessInfo.processInfo.environment.merging(
        [Self.variable: folder.file("run")]
      ) { $1 }
      child.standardOutput = FileHandle.nullDevice
      child.standardError = FileHandle.nullDevice
      try child.run()
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
