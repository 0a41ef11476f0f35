import Foundation
import Testing

@Suite("kirchhoff bench")
struct BenchCommandTests {
  /// A case that takes next to no time.
  private let name = "gemm.nt.1x512x512.f32"

  private func lines(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map { line in
      let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
      return try #require(value as? [String: Any])
    }
  }

  @Test("The list has the peers' cases, as text and as JSON")
  func list() throws {
    let text = try Tool.run("bench", "--list").standardOutput
    let names = try #require(try Tool.run("bench", "--list", "--json").json() as? [String])
    #expect(text.split(separator: "\n").map(String.init) == names)
    #expect(Set(names).count == names.count)
    #expect(names.contains("gemm.nn.1024x1024x1024.f32"))
    let some = try Tool.run("bench", "gemm", "--list").standardOutput
    #expect(some.split(separator: "\n").allSatisfy { $0.contains("gemm") })
  }

  @Test("Results are JSON lines with the peers' fields, saved and compared", arguments: [1, 2])
  func measure(threads: Int) throws {
    let folder = try Folder()
    let file = folder.path("saved.jsonl")
    let arguments = ["bench", name, "--seconds", "0.02", "--threads", "\(threads)"]
    let output = try Tool.run(arguments + ["--json", "--save", file])
    #expect(output.exitCode == 0, "\(output.standardError)")
    let results = try lines(output.standardOutput)
    #expect(results.count == 1)
    let result = try #require(results.first)
    #expect(result["case"] as? String == name)
    #expect(result["threads"] as? Int == threads)
    #expect(result["unit"] as? String == "GFLOP/s")
    for field in ["median_s", "min_s", "value"] {
      #expect((result[field] as? Double ?? 0) > 0, "\(field)")
    }
    #expect(try String(contentsOfFile: file, encoding: .utf8) == output.standardOutput)
    let compared = try Tool.run(arguments + ["--baseline", file])
    #expect(compared.exitCode == 0)
    #expect(compared.standardOutput.contains(" ×\n"))
  }

  @Test("Another library's results join by case; its fastest variant counts")
  func peers() throws {
    let folder = try Folder()
    let file = folder.path("torch.jsonl")
    let slow = #"{"case": "torch.\#(name)", "threads": 1, "value": 1e-9, "n": 5}"#
    let fast = #"{"case": "torch.\#(name)+malloc", "threads": 1, "value": 1e9, "n": 5}"#
    try (slow + "\n" + fast + "\n").write(toFile: file, atomically: true, encoding: .utf8)
    let arguments = ["bench", name, "--seconds", "0.02", "--baseline", file]
    let one = try Tool.run(arguments + ["--threads", "1"])
    #expect(one.standardOutput.contains(" 0.00 ×\n"))
    let two = try Tool.run(arguments + ["--threads", "2"])
    #expect(two.standardOutput.contains(" new\n"))
    try "nothing".write(toFile: file, atomically: true, encoding: .utf8)
    let none = try Tool.run(arguments)
    #expect(none.exitCode == 6)
    #expect(none.standardError.contains("torch.jsonl"))
  }

  @Test(
    "What cannot be measured is refused",
    arguments: [
      (["softmix"], Int32(64), "did you mean softmax?"),
      (["gemm", "nothing-like-it"], 64, "--list"),
      (["gemm", "--seconds", "0"], 64, "--seconds"), (["gemm", "--threads", "0"], 64, "--threads"),
      (["gemm", "--baseline", "nowhere.jsonl"], 6, "nowhere.jsonl"),
    ])
  func refused(arguments: [String], code: Int32, mentions: String) throws {
    let output = try Tool.run(["bench"] + arguments)
    #expect(output.exitCode == code)
    #expect(output.standardOutput.isEmpty)
    #expect(output.standardError.contains(mentions), "\(output.standardError)")
  }
}
