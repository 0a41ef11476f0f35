import Foundation
import Testing

@Suite("kirchhoff compare")
struct CompareCommandTests {
  /// Two schedules on two seeds each, and one more that was stopped.
  private func makeRuns(in folder: Folder) throws -> [String] {
    let data = try SmallImages.write(to: folder)
    return try ["joint", "cnn-first"].flatMap { schedule in
      try [1, 2].map { seed in
        let run = folder.path("\(schedule)-\(seed)")
        let arguments = TrainCommandTests.arguments(data: data, run: run, steps: 2, seed: seed)
        let output = try Tool.run(arguments + ["--set", "schedule=\(schedule)"])
        #expect(output.exitCode == 0, "\(output.standardError)")
        return run
      }
    }
  }

  @Test("Runs that differ in the seed make one group, compared seed by seed with the first")
  func groups() throws {
    let folder = try Folder()
    let runs = try makeRuns(in: folder)
    let text = try Tool.run(["compare"] + runs)
    #expect(text.exitCode == 0, "\(text.standardError)")
    #expect(text.standardOutput.contains("difference to joint in points"))
    #expect(text.standardOutput.contains(" ± "))
    let object = try Tool.run(["compare"] + runs + ["--json"]).object()
    let groups = try #require(object["groups"] as? [[String: Any]])
    #expect(groups.map { $0["name"] as? String } == ["joint", "cnn-first"])
    for group in groups { #expect(group["seeds"] as? [Int] == [1, 2]) }
    // The mean over seeds is that of what the runs say themselves.
    func largest(_ run: String) throws -> Double {
      let data = try Data(contentsOf: URL(fileURLWithPath: run + "/result.json"))
      let result = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
      let subnets = try #require(result["subnets"] as? [[String: Any]])
      let subnet = try #require(subnets.first { $0["group"] as? String == "largest" })
      return try #require((subnet["score"] as? [String: Any])?["accuracy"] as? Double)
    }
    let accuracy = try #require(groups[1]["accuracy"] as? [String: [String: Any]])
    let mean = try #require(accuracy["largest"]?["mean"] as? Double)
    #expect(abs(mean - (try largest(runs[2]) + largest(runs[3])) / 2) < 1e-12)
    let gain = try #require(groups[1]["gain"] as? [String: [String: Any]])
    let difference = try #require(gain["largest"]?["mean"] as? Double)
    let first = (try largest(runs[0]) + largest(runs[1])) / 2
    #expect(abs(difference - (mean - first)) < 1e-12)
  }

  @Test("What cannot be compared is refused")
  func refused() throws {
    let folder = try Folder()
    let none = try Tool.run("compare", folder.path("nowhere"))
    #expect(none.exitCode == 64)
    #expect(none.standardError.contains("nowhere"))
    let data = try SmallImages.write(to: folder)
    let run = folder.path("run")
    let arguments = TrainCommandTests.arguments(data: data, run: run, steps: 2)
    #expect(try Tool.run(arguments + ["--stop-after", "1"]).exitCode == 0)
    let stopped = try Tool.run("compare", run)
    #expect(stopped.exitCode == 64)
    #expect(stopped.standardError.contains("--resume"))
    #expect(try Tool.run("train", "--run", run, "--resume", "--quiet").exitCode == 0)
    let twice = try Tool.run("compare", run, run)
    #expect(twice.exitCode == 64)
    #expect(twice.standardError.contains("another seed"))
  }
}
