import Foundation
import Testing

@Suite("kirchhoff train, of a network on arrays")
struct TrainNetworkTests {
  private static let config = """
    base: lenet
    crossbar: bulk-switching
    learningRate: {base: 0.01}
    steps: 60
    batchSize: 32
    evaluation: {every: 30}
    checkpointEvery: 30
    """

  private let folder: Folder
  private let arguments: [String]

  init() throws {
    folder = try Folder()
    let data = try SmallImages.write(to: folder)
    let path = try folder.write(Self.config, to: "net.yaml")
    arguments = ["train", path, "--set", "data=\(data)", "--quiet"]
  }

  private func train(_ run: String, _ extra: String...) throws -> Tool.Output {
    try Tool.run(arguments + ["--run", folder.path(run)] + extra)
  }

  /// The numbers of the last checkpoint, without the header, in which a clock has a part.
  private func numbers(_ run: String) throws -> Data {
    let data = try Data(
      contentsOf: URL(
        fileURLWithPath: folder.path("\(run)/checkpoints/step-00000060/tensors.safetensors")))
    let header = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    return data.dropFirst(8 + header)
  }

  /// Accuracy and writes at each evaluation.
  private func evaluations(_ run: String) throws -> [String] {
    let lines = try String(contentsOfFile: folder.path("\(run)/metrics.jsonl"), encoding: .utf8)
    return lines.split(separator: "\n").filter { $0.contains("\"kind\":\"arrays\"") }.compactMap {
      $0.components(separatedBy: "\"time\"").first
    }
  }

  @Test("A training that diverges stops at once, and leaves no checkpoint without sense")
  func diverges() throws {
    let output = try train(
      "run", "--set", "learningRate.base=100", "--set", "rule=digital", "--set",
      "optimizer.kind=sgd", "--set", "checkpointEvery=1")
    #expect(output.exitCode == 7, "\(output.standardError)")
    #expect(output.standardError.contains("found nan"), "\(output.standardError)")
    #expect(output.standardError.contains("diverged"), "\(output.standardError)")
    #expect(output.standardError.contains(/the last checkpoint is of step [1-9]/))
    #expect(try Tool.run("evaluate", folder.path("run"), "--quiet").exitCode == 0)
  }

  @Test("It learns, counts its writes, and shows both")
  func trains() throws {
    let output = try train("run")
    #expect(output.exitCode == 0, "\(output.standardError)")
    #expect(output.standardOutput.contains("mixed-precision on bulk-switching"))
    let result = try #require(
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: URL(fileURLWithPath: folder.path("run/result.json"))))
        as? [String: Any])
    let evaluations = try #require(result["evaluations"] as? [[String: Any]])
    #expect(evaluations.count == 2)
    // Ten classes that a bar tells apart: chance is 0.1.
    #expect(try #require(evaluations.last?["accuracy"] as? Double) > 0.5)
    let layers = try #require(evaluations.last?["layers"] as? [[String: Any]])
    // 25 → 4, 100 → 12 and 192 → 10 on arrays of 256 × 64.
    #expect(layers.compactMap { $0["arrays"] as? Int } == [1, 1, 1])
    #expect(layers.allSatisfy { ($0["writes"] as? Int ?? 0) > 0 })
    let report = try String(contentsOfFile: folder.path("run/report.html"), encoding: .utf8)
    #expect(report.contains("Training loss") && !report.contains("sandwich"))
    #expect(report.contains("Network training run") && report.contains("writes a weight"))
  }

  @Test(
    "Stopped and resumed with other threads, it has the same bits",
    arguments: ["mixed-precision", "naive", "quantisation-aware", "digital"])
  func resumes(_ rule: String) throws {
    #expect(try train("whole", "--rule", rule, "--threads", "1").exitCode == 0)
    let first = try train("parts", "--rule", rule, "--threads", "2", "--stop-after", "23")
    #expect(first.exitCode == 0, "\(first.standardError)")
    let rest = try Tool.run(
      "train", "--run", folder.path("parts"), "--resume", "--threads", "3", "--quiet")
    #expect(rest.exitCode == 0, "\(rest.standardError)")
    #expect(try numbers("whole") == numbers("parts"))
    #expect(try evaluations("whole") == evaluations("parts"))
    #expect(try evaluations("whole").count == 2)
  }

  @Test("On other chips it is scored beside its own, and with exact devices as well as there")
  func transfers() throws {
    #expect(try train("run", "--crossbar", "bulk-switching-2bit").exitCode == 0)
    let run = folder.path("run")
    func transfer(_ hardware: String) throws -> [String: Any] {
      let output = try Tool.run(
        "evaluate", run, "--crossbar", hardware, "--chips", "3", "--json", "--quiet")
      #expect(output.exitCode == 0, "\(output.standardError)")
      let rows = try #require(output.object()["rows"] as? [[String: Any]])
      return try #require(rows.first?["transfer"] as? [String: Any])
    }
    let same = try transfer("bulk-switching-2bit")
    let own = try #require(same["own"] as? Double)
    #expect(same["chips"] as? [Double] == [own, own, own])
    let worn = try folder.write(
      "device: bulk-switching-2bit-transfer\nstuck: {off: 0.3, on: 0.3}\n", to: "worn.yaml")
    let chips = try #require(try transfer(worn)["chips"] as? [Double])
    #expect(Set(chips).count > 1)
    let alone = try Tool.run("evaluate", run, "--quiet")
    #expect(alone.standardOutput.contains(String(format: "%.2f %%", 100 * own)))
  }

  @Test("Arrays on which nothing is trained run a network as well")
  func otherHardware() throws {
    #expect(try train("run", "--rule", "digital", "--set", "weightNoise=0.05").exitCode == 0)
    func accuracy(_ hardware: String) throws -> [Double] {
      let output = try Tool.run(
        "evaluate", folder.path("run"), "--crossbar", hardware, "--chips", "2", "--json", "--quiet")
      #expect(output.exitCode == 0, "\(output.standardError)")
      let rows = try #require(output.object()["rows"] as? [[String: Any]])
      let transfer = try #require(rows.first?["transfer"] as? [String: Any])
      return [try #require(transfer["own"] as? Double)]
        + (try #require(transfer["chips"] as? [Double]))
    }
    let managed = try folder.write("periphery: {boundManagement: true}\n", to: "exact.yaml")
    let exact = try accuracy(managed)
    #expect(exact == [exact[0], exact[0], exact[0]])
    #expect(try accuracy("pcm").allSatisfy { $0 > 0.3 })
  }

  @Test("Wrong options are refused, and nothing is left behind")
  func refused() throws {
    let cases: [([String], String)] = [
      (["--crossbar", "bulk-swiching"], "did you mean \"bulk-switching\"?"),
      (["--rule", "mixed"], "mixed-precision"),
      (["--crossbar", "pcm"], "boundManagement"),
      (["--set", "network=[{linear: 9}]"], "linear: 10"),
    ]
    for (extra, mentions) in cases {
      let output = try Tool.run(arguments + ["--run", folder.path("run")] + extra)
      #expect(output.exitCode == 3, "\(extra)")
      #expect(output.standardError.contains(mentions), "\(output.standardError)")
      #expect(!FileManager.default.fileExists(atPath: folder.path("run")))
    }
    let supernet = try Tool.run("train", "mini", "--rule", "naive", "--run", folder.path("run"))
    #expect(supernet.exitCode == 3, "\(supernet.standardError)")
  }
}
