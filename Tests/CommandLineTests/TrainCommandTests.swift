import Foundation
import Testing

@Suite("kirchhoff train")
struct TrainCommandTests {
  /// A training of a few steps on a few images.
  static func arguments(data: String, run: String, steps: Int = 4, seed: Int = 3) -> [String] {
    [
      "train", "mini", "--set", "data=\(data)", "--set", "batchSize=16", "--set", "logEvery=1",
      "--set", "checkpointEvery=2", "--set", "conflict.every=2", "--set", "evaluation.sampled=1",
      "--set", "calibration.batches=1", "--set", "calibration.batchSize=64",
      "--steps", "\(steps)", "--seed", "\(seed)", "--run", run, "--quiet",
    ]
  }

  /// The metrics of a run without what a clock has touched.
  private func metrics(_ run: String) throws -> [String] {
    try String(contentsOfFile: run + "/metrics.jsonl", encoding: .utf8).split(separator: "\n")
      .map { line in
        var record =
          try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
        record["time"] = nil
        let data = try JSONSerialization.data(withJSONObject: record, options: .sortedKeys)
        return String(decoding: data, as: UTF8.self)
      }
  }

  @Test("A run leaves config, metrics, checkpoints, result and report; JSON and table agree")
  func run() throws {
    let folder = try Folder()
    let data = try SmallImages.write(to: folder)
    let path = folder.path("run")
    let arguments = Self.arguments(data: data, run: path)
    let output = try Tool.run(arguments + ["--json"], in: folder.url)
    #expect(output.exitCode == 0, "\(output.standardError)")
    #expect(output.standardError.isEmpty, "\(output.standardError)")
    let result = try output.object()
    #expect(result["steps"] as? Int == 4)
    let subnets = try #require(result["subnets"] as? [[String: Any]])
    let groups = Set(subnets.compactMap { $0["group"] as? String })
    #expect(groups == ["largest", "smallest", "sampled", "cnn-only", "vit-heavy"])
    for file in ["config.yaml", "machine.json", "metrics.jsonl", "result.json", "report.html"] {
      #expect(FileManager.default.fileExists(atPath: "\(path)/\(file)"), "no \(file)")
    }
    let again = try Tool.run(arguments + ["--force"], in: folder.url)
    #expect(again.exitCode == 0)
    #expect(again.standardOutput.contains("largest"))
    #expect(again.standardOutput.contains("gradient conflict"))
    #expect(again.standardOutput.contains("\(path)/report.html"))
  }

  @Test("A training that diverges stops, naming the step and the loss")
  func diverges() throws {
    let folder = try Folder()
    let data = try SmallImages.write(to: folder)
    let path = folder.path("run")
    let output = try Tool.run(
      Self.arguments(data: data, run: path, steps: 20)
        + ["--set", "learningRate.base=100", "--set", "optimizer.kind=sgd"])
    #expect(output.exitCode == 7, "\(output.standardError)")
    for part in ["\(path), step ", "found nan", "expected a finite number", "diverged"] {
      #expect(output.standardError.contains(part), "\(output.standardError)")
    }
    #expect(!FileManager.default.fileExists(atPath: "\(path)/result.json"))
  }

  @Test("A run that is there is kept unless --force is given")
  func keepsRuns() throws {
    let folder = try Folder()
    let data = try SmallImages.write(to: folder)
    let arguments = Self.arguments(data: data, run: folder.path("run"), steps: 2)
    #expect(try Tool.run(arguments).exitCode == 0)
    let output = try Tool.run(arguments)
    #expect(output.exitCode == 64)
    #expect(output.standardError.contains("--resume"))
  }

  @Test("Stopped and resumed is the same as never stopped, at another number of threads too")
  func resume() throws {
    let folder = try Folder()
    // Two batches an epoch: the run is resumed in the second epoch.
    let data = try SmallImages.write(to: folder, training: 40)
    let whole = Self.arguments(data: data, run: folder.path("whole"))
    #expect(try Tool.run(whole + ["--threads", "1"]).exitCode == 0)
    let parts = Self.arguments(data: data, run: folder.path("parts"))
    let first = try Tool.run(parts + ["--stop-after", "3", "--threads", "2"])
    #expect(first.exitCode == 0, "\(first.standardError)")
    let second = try Tool.run("train", "--run", folder.path("parts"), "--resume", "--quiet")
    #expect(second.exitCode == 0, "\(second.standardError)")
    #expect(try metrics(folder.path("whole")) == metrics(folder.path("parts")))
  }

  @Test("A folder for the run may have a name of one letter")
  func shortFolderName() throws {
    let folder = try Folder()
    let data = try SmallImages.write(to: folder)
    let output = try Tool.run(
      Self.arguments(data: data, run: "r", steps: 2), in: folder.url)
    #expect(output.exitCode == 0, "\(output.standardError)")
    #expect(FileManager.default.fileExists(atPath: folder.path("r/result.json")))
  }

  @Test("Killed in the middle and resumed is the same as never stopped")
  func kill() throws {
    let folder = try Folder()
    let data = try SmallImages.write(to: folder, training: 40)
    let whole = Self.arguments(data: data, run: folder.path("whole"), steps: 12)
    #expect(try Tool.run(whole).exitCode == 0)
    let run = folder.path("killed")
    let killed = try Tool.run(
      Self.arguments(data: data, run: run, steps: 12),
      whileRunning: { process in
        // Wherever it is when a second checkpoint shows up: most likely behind it.
        for _ in 0..<6000 where process.isRunning {
          let checkpoints =
            (try? FileManager.default.contentsOfDirectory(
              atPath: run + "/checkpoints")) ?? []
          if checkpoints.contains("step-00000004") { break }
          Thread.sleep(forTimeInterval: 0.002)
        }
        Foundation.kill(process.processIdentifier, SIGKILL)
      })
    #expect(killed.exitCode == SIGKILL)
    let resumed = try Tool.run("train", "--run", run, "--resume", "--quiet")
    #expect(resumed.exitCode == 0, "\(resumed.standardError)")
    #expect(try metrics(folder.path("whole")) == metrics(run))
  }

  @Test("A run goes on with its own config only")
  func resumeWithOtherConfig() throws {
    let folder = try Folder()
    let data = try SmallImages.write(to: folder)
    let arguments = Self.arguments(data: data, run: folder.path("run"))
    #expect(try Tool.run(arguments + ["--stop-after", "1"]).exitCode == 0)
    let same = try Tool.run(arguments + ["--resume", "--stop-after", "2"])
    #expect(same.exitCode == 0, "\(same.standardError)")
    let other = try Tool.run(arguments + ["--resume", "--set", "batchSize=8"])
    #expect(other.exitCode == 64)
    #expect(other.standardError.contains("batchSize: 16"), "\(other.standardError)")
  }

  @Test("Ctrl-C saves, says how to go on, and exits with 130")
  func interrupt() throws {
    let folder = try Folder()
    let data = try SmallImages.write(to: folder)
    let run = folder.path("run")
    let arguments = Self.arguments(data: data, run: run, steps: 100_000)
    let output = try Tool.run(
      arguments,
      whileRunning: { process in
        // The first line of a step shows that the training loop runs.
        let metrics = run + "/metrics.jsonl"
        for _ in 0..<600 where process.isRunning {
          let text = (try? String(contentsOfFile: metrics, encoding: .utf8)) ?? ""
          if text.contains("\"kind\":\"step\"") { break }
          Thread.sleep(forTimeInterval: 0.1)
        }
        process.interrupt()
      })
    #expect(output.exitCode == 130)
    #expect(output.standardError.contains("kirchhoff train --run \(run) --resume"))
    let checkpoints = try FileManager.default.contentsOfDirectory(atPath: run + "/checkpoints")
    #expect(!checkpoints.isEmpty)
  }

  @Test(
    "Wrong configs are refused before anything is written",
    arguments: [
      (["train", "minni"], Int32(64), "did you mean mini?"),
      (["train", "--set", "stepz=5"], 3, "steps"),
      (["train", "--set", "optimizer.knd=sgd"], 3, "kind"),
      (["train", "--steps", "0"], 3, "steps"),
      (["train", "--set", "batchSize=lots"], 3, "batchSize"),
      (["train", "--set", "steps"], 64, "key.path=value"),
      (["train", "--set", "space=miny"], 3, "mini"),
      (["train", "--set", "schedule=joit"], 3, "joint"),
      (["train", "--set", "data=fashion-mnst"], 4, "fashion-mnist"),
      (["train", "--set", "data=no/such/folder"], 6, "no/such/folder"),
      (["train", "nowhere.yaml"], 6, "nowhere.yaml"),
      (["train", "--run", "nothing", "--resume"], 64, "nothing"),
    ])
  func wrongConfig(arguments: [String], code: Int32, mentions: String) throws {
    let folder = try Folder()
    let output = try Tool.run(arguments + ["--quiet"], in: folder.url)
    #expect(output.exitCode == code, "\(output.standardError)")
    #expect(output.standardOutput.isEmpty)
    #expect(output.standardError.hasPrefix("error: "))
    #expect(output.standardError.contains(mentions), "\(output.standardError)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
  }

  @Test("A wrong file is named with the line")
  func wrongFile() throws {
    let folder = try Folder()
    try folder.write("base: mini\nsteps: 5\nbatchsize: 8\n", to: "mine.yaml")
    let output = try Tool.run("train", "mine.yaml", in: folder.url)
    #expect(output.exitCode == 3)
    #expect(output.standardError.contains("mine.yaml, line 3"), "\(output.standardError)")
    #expect(output.standardError.contains("batchSize"))
  }

  @Test("The config as shown is a config file that means the same", arguments: ["mini", "compact"])
  func showConfig(preset: String) throws {
    let folder = try Folder()
    let shown = try Tool.run("train", preset, "--set", "seed=7", "--show-config")
    #expect(shown.exitCode == 0)
    #expect(shown.standardOutput.contains("seed: 7\n"))
    let path = try folder.write(shown.standardOutput, to: "mine.yaml")
    #expect(try Tool.run("train", path, "--show-config").standardOutput == shown.standardOutput)
  }

  @Test("The examples of the help are right command lines")
  func examples() throws {
    let help = try Tool.run("train", "--help").standardOutput
    let examples = help.split(separator: "\n").filter { $0.hasPrefix("  kirchhoff train") }
    #expect(examples.count > 4)
    for example in examples where !example.contains("mine.yaml") && !example.contains("--resume") {
      let words = example.split(separator: " ").dropFirst().map(String.init)
      let output = try Tool.run(words + ["--show-config"])
      #expect(output.exitCode == 0, "\(example): \(output.standardError)")
    }
  }
}
