import Foundation
import Testing

@Suite("kirchhoff evaluate and extract")
struct EvaluateCommandTests {
  @Test("A missing run may have a name of one letter")
  func missingRun() throws {
    let folder = try Folder()
    let output = try Tool.run(["evaluate", "x"], in: folder.url)
    #expect(output.exitCode == 64)
    #expect(output.standardError.contains("x: found nothing"), "\(output.standardError)")
  }

  @Test("The scores are those of the training's own table")
  func scores() throws {
    let run = try TrainedRun.path.get()
    let result = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(fileURLWithPath: run + "/result.json")))
    let trained = try #require((result as? [String: Any])?["subnets"] as? [[String: Any]])
    let output = try Tool.run("evaluate", run, "largest", "smallest", "cnn", "--json", "--quiet")
    #expect(output.exitCode == 0, "\(output.standardError)")
    #expect(output.standardError.isEmpty)
    let rows = try #require(output.object()["subnets"] as? [[String: Any]])
    #expect(rows.compactMap { $0["label"] as? String } == ["largest", "smallest", "cnn"])
    for row in rows {
      let same = trained.first { $0["subnet"] as? String == row["subnet"] as? String }
      for key in ["accuracy", "loss", "images"] {
        let score = row["score"] as? [String: Any]
        let expected = same?["score"] as? [String: Any]
        #expect(score?[key] as? Double == expected?[key] as? Double, "\(key)")
      }
      #expect(row["macs"] as? Int == same?["macs"] as? Int)
    }
  }

  @Test("Images, calibration and random subnets are chosen by options")
  func options() throws {
    let run = try TrainedRun.path.get()
    let output = try Tool.run(
      "evaluate", run, "random:3", "--images", "40", "--on", "training", "--convention",
      "sample-weighted-biased", "--batches", "2", "--batch-size", "32", "--seed", "4", "--quiet")
    #expect(output.exitCode == 0, "\(output.standardError)")
    #expect(output.standardOutput.contains("40 training images"))
    #expect(output.standardOutput.contains("2 batches of 32 (sample-weighted-biased)"))
    #expect(output.standardOutput.contains("random 3"))
    let control = try Tool.run("evaluate", run, "largest", "--no-calibration", "--quiet")
    #expect(control.exitCode == 0)
    #expect(control.standardOutput.contains("not calibrated"))
  }

  @Test("An extracted network scores as its subnet does, and does not depend on the run")
  func extract() throws {
    let run = try TrainedRun.path.get()
    let folder = try Folder()
    let file = folder.path("vit.safetensors")
    let output = try Tool.run("extract", run, "vit", "--output", file, "--json")
    #expect(output.exitCode == 0, "\(output.standardError)")
    let proof = try #require(output.object()["proof"] as? [String: Any])
    #expect(try #require(proof["largestDifference"] as? Double) <= 1e-5)
    #expect(proof["sameClass"] as? Int == proof["images"] as? Int)
    func score(_ arguments: [String]) throws -> [String: Double] {
      let output = try Tool.run(["evaluate"] + arguments + ["--json", "--quiet"])
      #expect(output.exitCode == 0, "\(output.standardError)")
      let rows = try #require(output.object()["subnets"] as? [[String: Any]])
      return try #require(rows[0]["score"] as? [String: Double])
    }
    let slice = try score([run, "vit"])
    let own = try score([file])
    #expect(own["accuracy"] == slice["accuracy"] && own["images"] == slice["images"])
    let again = try Tool.run("extract", run, "vit", "--output", file)
    #expect(again.exitCode == 64)
    #expect(again.standardError.contains("--force"))
    let forced = try Tool.run("extract", run, "smallest", "--output", file, "--force")
    #expect(forced.exitCode == 0, "\(forced.standardError)")
    #expect(forced.standardOutput.contains("verified"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).count == 1)
  }

  @Test("A damaged last checkpoint falls back to the one before it; two are an error")
  func damagedCheckpoints() throws {
    let folder = try Folder()
    let run = try TrainedRun.copy(to: folder)
    let files = try TrainedRun.checkpoints(of: run)
    #expect(files.count == 2)
    func damage(_ file: URL) throws {
      var bytes = try Data(contentsOf: file)
      bytes[bytes.count / 2] ^= 8
      try bytes.write(to: file)
    }
    try damage(files[1])
    let output = try Tool.run("evaluate", run, "smallest", "--quiet")
    #expect(output.exitCode == 0, "\(output.standardError)")
    #expect(output.standardOutput.contains("step 2"))
    #expect(output.standardError.contains("falling back"))
    try damage(files[0])
    let none = try Tool.run("evaluate", run, "smallest", "--quiet")
    #expect(none.exitCode == 5)
    #expect(none.standardError.contains("damaged"))
  }

  @Test("A checkpoint of another space is refused")
  func otherSpace() throws {
    let folder = try Folder()
    let run = try TrainedRun.copy(to: folder)
    let config = URL(fileURLWithPath: run + "/config.yaml")
    let text = try String(contentsOf: config, encoding: .utf8)
    try text.replacing("space: mini", with: "space: compact")
      .write(to: config, atomically: true, encoding: .utf8)
    let output = try Tool.run("evaluate", run, "largest", "--quiet")
    #expect(output.exitCode == 5)
    #expect(output.standardError.contains("another space"), "\(output.standardError)")
  }

  @Test("What is not there, or cannot be, is named")
  func wrongCommands() throws {
    let run = try TrainedRun.path.get()
    let folder = try Folder()
    let file = try folder.write("no network", to: "bad.safetensors")
    let empty = folder.path("empty")
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
    let cases: [([String], Int32, String)] = [
      (["evaluate", String(run.dropLast()) + "m"], 64, "did you mean \(run)?"),
      (["evaluate", empty], 64, "no run"),
      (["evaluate", run, "largst"], 64, "did you mean largest?"),
      (["evaluate", run, "r28_s16_c99-k3e2_c24-k3e2_c48-k3e2"], 3, "width"),
      (["evaluate", run, "--images", "0"], 64, "--images"),
      (["evaluate", run, "--convention", "ofa"], 64, "cumulative"),
      (["evaluate", run, "--no-calibration", "--batches", "2"], 64, "--no-calibration"),
      (["evaluate", file], 5, "bad.safetensors"),
      (["evaluate", folder.path("nothing.safetensors")], 6, "nothing.safetensors"),
      (["evaluate", file, "largest"], 64, "one network"),
      (["extract", run, "random:2", "--output", "x.safetensors"], 64, "one subnet"),
      (["extract", run, "largest", "--output", "x.bin"], 64, ".safetensors"),
      (["extract", run, "largest", "--output", "/proc/x.safetensors"], 6, "/proc/x.safetensors"),
      (["rank", run, "--subnets", "2", "--output", empty + "/r"], 64, "3 to 500"),
      (["rank", run, "--resume", "--output", empty + "/r"], 64, "no ranking"),
      (["rank", run, "--output", "/proc/rank"], 6, "/proc/rank"),
    ]
    for (arguments, code, mentions) in cases {
      let output = try Tool.run(arguments, in: folder.url)
      #expect(output.exitCode == code, "\(arguments): \(output.standardError)")
      #expect(output.standardOutput.isEmpty)
      #expect(output.standardError.hasPrefix("error: "), "\(output.standardError)")
      #expect(output.standardError.contains(mentions), "\(arguments): \(output.standardError)")
    }
  }
}
