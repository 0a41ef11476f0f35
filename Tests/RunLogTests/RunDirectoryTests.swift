import Foundation
import RunLog
import Runtime
import Testing

@Suite struct RunDirectoryTests {
  struct Config: ValidatedConfig, Sendable, Equatable {
    var steps = 10
    var note: String?
    func validate() throws { try require("steps", steps, atLeast: 1) }
  }

  private func begun(_ folder: TemporaryFolder) throws -> RunPaths {
    let run = try RunDirectory(RunPaths(folder.file("run")))
    try run.write(config: Config(steps: 3))
    run.close()
    return run.paths
  }

  @Test func aRunHoldsItsFiles() throws {
    let folder = try TemporaryFolder()
    try SampleRun.write(to: folder.file("run"))
    let names = Folder.names(folder.file("run"))
    #expect(
      names == [
        ".lock", "config.yaml", "machine.json", "metrics.jsonl", "report.html", "result.json",
      ])
    let paths = RunPaths(folder.file("run/"))
    #expect(paths.isFinished)
    let machine = try JSONDecoder().decode(
      [String: String].self, from: Data(contentsOf: URL(fileURLWithPath: paths.machine)))
    #expect(machine["instructionSet"] == "AVX-512")
    #expect(Int(machine["cores"] ?? "") ?? 0 > 0)
    #expect(machine["memory"]?.hasSuffix("GiB") == true)
  }

  @Test func aRunIsNotOverwrittenByAccident() throws {
    let folder = try TemporaryFolder()
    let paths = try begun(folder)
    let unfinished = kirchhoffError { _ = try RunDirectory(paths) }
    #expect(unfinished?.kind == .usage)
    #expect(unfinished?.found == "an unfinished run")
    #expect(unfinished?.hint?.contains("--resume") == true)
    try AtomicFile.write("{}", to: paths.result)
    #expect(kirchhoffError { _ = try RunDirectory(paths) }?.found == "a finished run")
    #expect(Folder.exists(paths.config))
  }

  @Test func overwritingLeavesForeignFilesAlone() throws {
    let folder = try TemporaryFolder()
    let paths = try begun(folder)
    try folder.write("mine", to: "run/notes.txt")
    let run = try RunDirectory(paths, mode: .overwrite)
    #expect(Folder.names(paths.root) == [".lock", "notes.txt"])
    run.close()
  }

  @Test func resumingNeedsARun() throws {
    let folder = try TemporaryFolder()
    let error = kirchhoffError {
      _ = try RunDirectory(RunPaths(folder.file("absent")), mode: .resume)
    }
    #expect(error?.kind == .usage)
    #expect(folder.names.isEmpty)
    _ = try RunDirectory(try begun(folder), mode: .resume)
  }

  @Test func twoProcessesCannotShareARun() throws {
    let folder = try TemporaryFolder()
    let first = try RunDirectory(RunPaths(folder.file("run")))
    let error = kirchhoffError { _ = try RunDirectory(first.paths, mode: .overwrite) }
    #expect(error?.kind == .usage)
    #expect(error?.found?.contains("process \(getpid())") == true)
    first.close()
    _ = try RunDirectory(first.paths, mode: .overwrite)
  }

  @Test func aFileInThePlaceOfTheFolderIsNamed() throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "run")
    let error = kirchhoffError { _ = try RunDirectory(RunPaths(folder.file("run"))) }
    #expect(error?.kind == .io)
    #expect(error?.found == "a file")
  }

  @Test(.enabled(if: SmallDisk.isPossible)) func aReadOnlyPlaceIsNamed() throws {
    let disk = try SmallDisk(kilobytes: 64)
    try disk.makeReadOnly()
    let error = kirchhoffError { _ = try RunDirectory(RunPaths(disk.file("run"))) }
    #expect(error?.kind == .io)
    #expect(error?.subject == disk.file("run"))
    #expect(error?.found?.contains("no permission") == true)
  }

  @Test func theSavedConfigNeedsNoPreset() throws {
    let folder = try TemporaryFolder()
    let paths = try begun(folder)
    // The default preset has a note where the saved config has none.
    let preset = ConfigPreset(name: "a", summary: "", config: Config(steps: 5, note: "here"))
    let loaded = try ConfigLoader(presets: [preset]).load(paths.config)
    #expect(loaded == Config(steps: 3))
  }

  @Test func resumingCutsTheMetricsAndSetsDamagedCheckpointsAside() throws {
    let folder = try TemporaryFolder()
    let paths = RunPaths(folder.file("run"))
    let first = try RunDirectory(paths)
    let store = first.checkpoints(fingerprint: "mini")
    let metrics = try first.metrics()
    for step in 1...6 {
      try metrics.append(
        .step(StepRecord(step: step, phase: "p", losses: [:], learningRate: 1)))
      if step % 2 == 0 {
        try store.save(step: step, state: [step], tensors: [], metricLines: metrics.lines)
      }
    }
    first.close()
    try damage("\(paths.checkpoints)/step-00000006/state.json") { $0[0] = 0 }

    let messages = Messages()
    let second = try RunDirectory(paths, mode: .resume, logger: MessageHandler.logger(messages))
    let again = second.checkpoints(fingerprint: "mini")
    let checkpoint = try #require(try again.latest([Int].self))
    #expect(checkpoint.state == [4])
    #expect(try second.metrics(resuming: checkpoint, in: again).lines == 4)
    #expect(again.steps == [4])
    #expect(messages.all.contains { $0.contains("step-00000006") })
  }

  @Test func freshNamesDoNotCollide() throws {
    let folder = try TemporaryFolder()
    let now = Date(timeIntervalSince1970: 1_700_000_000)
    let first = RunPaths.fresh(preset: "my/net", in: folder.path, now: now)
    #expect(first.root.hasPrefix("\(folder.path)/my-net-2023111"))
    try Folder.create(first.root)
    #expect(RunPaths.fresh(preset: "my/net", in: folder.path, now: now).root == first.root + "-2")
  }
}
