import Foundation
import Testing

@Suite("kirchhoff data")
struct DataCommandTests {
  @Test("The list shows what is there and where")
  func list() throws {
    let folder = try Folder()
    let path = try SmallImages.write(to: folder, named: "mnist")
    let environment = ["KIRCHHOFF_DATA": folder.url.path]
    let list = try Tool.run("data", "list", "--json", environment: environment).objects()
    let names = list.compactMap { $0["name"] as? String }
    #expect(names.contains("fashion-mnist") && names.contains("cifar10"))
    let mnist = try #require(list.first { $0["name"] as? String == "mnist" })
    #expect(mnist["folder"] as? String == path)
    let text = try Tool.run("data", "list", environment: environment)
    #expect(text.exitCode == 0)
    #expect(text.standardOutput.contains(path))
  }

  @Test("A data set that is not there is listed with the command that fetches it")
  func absent() throws {
    let folder = try Folder()
    let environment = ["HOME": folder.url.path, "XDG_CACHE_HOME": folder.url.path]
    let output = try Tool.run("data", "list", environment: environment, in: folder.url)
    #expect(output.standardOutput.contains("kirchhoff data fetch cifar10"))
  }

  @Test("A sound data set is read in full")
  func verify() throws {
    let folder = try Folder()
    let path = try SmallImages.write(to: folder, training: 120, test: 30)
    let report = try Tool.run("data", "verify", path, "--json").object()
    let parts = try #require(report["parts"] as? [[String: Any]])
    #expect(parts.compactMap { $0["count"] as? Int } == [120, 30])
    #expect(parts.first?["classCounts"] as? [Int] == Array(repeating: 12, count: 10))
    #expect(try Tool.run("data", "verify", path).standardOutput.contains("120 samples"))
  }

  @Test("Damage is named with the file, and exits with 4")
  func damage() throws {
    let folder = try Folder()
    let path = try SmallImages.write(to: folder)
    let labels = "bars/train-labels-idx1-ubyte"
    try folder.write(Array(SmallImages.labels(200).dropLast(50)), to: labels)
    let output = try Tool.run("data", "verify", path)
    #expect(output.exitCode == 4)
    #expect(output.standardOutput.isEmpty)
    #expect(output.standardError.contains("train-labels-idx1-ubyte"))
  }

  @Test("A file of no known kind is refused")
  func unknownKind() throws {
    let folder = try Folder()
    let path = try folder.write("hello", to: "file.dat")
    let output = try Tool.run("data", "verify", path)
    #expect(output.exitCode == 4)
    #expect(output.standardError.contains(path))
  }

  @Test("Nothing at a path is an error of reading")
  func nothing() throws {
    let output = try Tool.run("data", "verify", "no/such/folder")
    #expect(output.exitCode == 6)
    #expect(output.standardError.contains("no/such/folder"))
  }

  @Test("An unknown name gets the nearest one")
  func unknownName() throws {
    let output = try Tool.run("data", "fetch", "cifar01")
    #expect(output.exitCode == 4)
    #expect(output.standardError.contains("did you mean cifar10?"))
  }

  @Test("A folder that cannot be made is an error of writing")
  func unwritable() throws {
    let folder = try Folder()
    let file = try folder.write("a file", to: "file")
    let output = try Tool.run("data", "fetch", "mnist", "--to", file)
    #expect(output.exitCode == 6)
    #expect(output.standardError.contains(file))
  }
}
