import Foundation
import Testing

@Suite("kirchhoff study")
struct StudyCommandTests {
  @Test("The tables that need no training are those of the paper, printed and saved")
  func tables() throws {
    let folder = try Folder()
    let output = try Tool.run(
      "study", "bulk-switching", "--seeds", "0", "--run", folder.path("study"))
    #expect(output.exitCode == 0, "\(output.standardError)")
    #expect(output.standardOutput.contains(/tile operations +81,922 +81,922/))
    let saved = try String(contentsOfFile: folder.path("study/study.txt"), encoding: .utf8)
    #expect(saved == output.standardOutput)
    let page = try String(contentsOfFile: folder.path("study/study.html"), encoding: .utf8)
    #expect(page.contains("ResNet-18 on 256 × 64 arrays") && page.contains("22,328,704"))
  }

  @Test("Updates in memory are compared, and the tables saved")
  func inMemoryUpdates() throws {
    let folder = try Folder()
    let output = try Tool.run(
      "study", "in-memory-updates", "--seeds", "1", "--examples", "300", "--run",
      folder.path("study"), "--quiet")
    #expect(output.exitCode == 0, "\(output.standardError)")
    #expect(output.standardOutput.contains(/Tiki-Taka v2 +about 5 +[0-9.]+/))
    let saved = try String(contentsOfFile: folder.path("study/study.txt"), encoding: .utf8)
    #expect(saved == output.standardOutput)
    #expect(try Tool.run("study", "in-memory-updates", "--epochs", "1").exitCode == 64)
  }

  @Test("Weights of two states are trained by four rules, and put on chips with stuck devices")
  func binaryMemristor() throws {
    let folder = try Folder()
    let data = try SmallImages.write(to: folder, training: 64)
    func study() throws -> Tool.Output {
      try Tool.run(
        "study", "binary-memristor", "--seeds", "1", "--epochs", "1", "--chips", "1", "--data",
        data, "--run", folder.path("study"), "--json")
    }
    let first = try study()
    #expect(first.exitCode == 0, "\(first.standardError)")
    let trainings = try #require(try first.object()["binaryTrainings"] as? [[String: Any]])
    #expect(trainings.count == 5)
    #expect(try study().standardOutput == first.standardOutput)
  }

  @Test("A study keeps its trainings, and refuses those of other settings")
  func trainings() throws {
    let folder = try Folder()
    let data = try SmallImages.write(to: folder, training: 64)
    func study(_ epochs: String) throws -> Tool.Output {
      try Tool.run(
        "study", "bulk-switching", "--seeds", "1", "--epochs", epochs, "--chips", "1", "--data",
        data, "--run", folder.path("study"), "--json")
    }
    let first = try study("1")
    #expect(first.exitCode == 0, "\(first.standardError)")
    let trainings = try #require(try first.object()["trainings"] as? [[String: Any]])
    #expect(trainings.count == 5)
    // Half a level of three.
    let noisy = try String(
      contentsOfFile: folder.path("study/mixed-precision-noise-1/config.yaml"), encoding: .utf8)
    #expect(noisy.contains("weightNoise: 0.1666"))
    let begun = Date()
    #expect(try study("1").standardOutput == first.standardOutput)
    // Training again would take longer than reading.
    let results = try FileManager.default.attributesOfItem(
      atPath: folder.path("study/naive-1/result.json"))
    #expect(try #require(results[.modificationDate] as? Date) < begun)
    let other = try study("2")
    #expect(other.exitCode == 64)
    #expect(other.standardError.contains("a training of other settings"), "\(other.standardError)")
  }
}
