import Foundation
import Testing

@Suite("kirchhoff rank")
struct RankCommandTests {
  @Test("A ranking leaves plan, result and report, and is not done twice")
  func rank() throws {
    let run = try TrainedRun.path.get()
    let folder = try Folder()
    let ranking = folder.path("rank")
    let arguments = ["rank", run, "--subnets", "3", "--steps", "2", "--output", ranking, "--quiet"]
    let output = try Tool.run(arguments + ["--json"])
    #expect(output.exitCode == 0, "\(output.standardError)")
    #expect(output.standardError.isEmpty)
    let result = try output.object()
    #expect((result["subnets"] as? [Any])?.count == 3)
    #expect(["better", "unproven", "useless"].contains(result["verdict"] as? String))
    for file in ["plan.json", "result.json", "report.html"] {
      #expect(FileManager.default.fileExists(atPath: "\(ranking)/\(file)"), "no \(file)")
    }
    let report = try String(contentsOfFile: ranking + "/report.html", encoding: .utf8)
    #expect(report.contains("<svg") && !report.contains("http"))
    let again = try Tool.run(arguments)
    #expect(again.exitCode == 64)
    #expect(again.standardError.contains("--resume"))
    let resumed = try Tool.run("rank", run, "--output", ranking, "--resume", "--quiet", "--json")
    #expect(resumed.standardOutput == output.standardOutput)
    let table = try Tool.run("rank", run, "--output", ranking, "--resume", "--quiet")
    for word in ["tau-b", "MACs", "mean gap in points", "report.html"] {
      #expect(table.standardOutput.contains(word), "\(table.standardOutput)")
    }
  }

  @Test("Ctrl-C saves, says how to go on, and exits with 130")
  func interrupt() throws {
    let run = try TrainedRun.path.get()
    let folder = try Folder()
    let ranking = folder.path("rank")
    let output = try Tool.run(
      ["rank", run, "--subnets", "3", "--steps", "100000", "--output", ranking, "--quiet"],
      whileRunning: { process in
        for _ in 0..<600 where process.isRunning {
          // The first line of metrics shows that a network is being trained.
          let networks = URL(fileURLWithPath: ranking + "/networks")
          let names = (try? FileManager.default.contentsOfDirectory(atPath: networks.path)) ?? []
          let sizes = names.compactMap { name in
            try? Data(contentsOf: networks.appendingPathComponent("\(name)/metrics.jsonl")).count
          }
          if sizes.contains(where: { $0 > 0 }) { break }
          Thread.sleep(forTimeInterval: 0.1)
        }
        process.interrupt()
      })
    #expect(output.exitCode == 130, "\(output.standardError)")
    #expect(output.standardError.contains("kirchhoff rank \(run) --output \(ranking) --resume"))
    let networks = try FileManager.default.subpathsOfDirectory(atPath: ranking + "/networks")
    #expect(networks.contains { $0.hasSuffix("tensors.safetensors") })
  }
}
