import Foundation
import Kirchhoff
import Testing

@Suite("kirchhoff space")
struct SpaceCommandTests {
  @Test(
    "Sizes are exact",
    arguments: [
      ("nasvit", "48,157,949,952"), ("attentivenas", "440,301,256,704"),
      ("ofa-mbv3", "21,758,655,492,572,485,851"),
    ])
  func size(preset: String, size: String) throws {
    let output = try Tool.run("space", preset)
    #expect(output.exitCode == 0)
    #expect(output.standardError.isEmpty)
    #expect(output.standardOutput.contains(" \(size)\n"))
    let json = try Tool.run("space", preset, "--json").object()
    #expect(json["subnets"] as? String == size.replacing(",", with: ""))
  }

  @Test("The list has every preset, and its figures are those of the space itself")
  func list() throws {
    let list = try Tool.run("space", "--list", "--json").objects()
    #expect(list.compactMap { $0["name"] as? String } == SupernetSpace.presetNames)
    let text = try Tool.run("space", "--list").standardOutput
    for entry in list {
      let name = try #require(entry["name"] as? String)
      let space = try SupernetSpace.preset(name)
      let largest = try #require(entry["largest"] as? [String: Any])
      #expect(largest["macs"] as? Int == (try space.cost(of: space.largest).macs))
      #expect(largest["id"] as? String == space.largest.id)
      #expect(text.contains(name))
    }
  }

  @Test("The layers of a subnet add up to its cost", arguments: ["largest", "smallest", "vit"])
  func layers(subnet: String) throws {
    let json = try Tool.run("space", "mini", "--layers", subnet, "--json").object()
    let layers = try #require(json["layers"] as? [[String: Any]])
    for key in ["macs", "parameters"] {
      #expect(layers.compactMap { $0[key] as? Int }.reduce(0, +) == json[key] as? Int)
    }
    let text = try Tool.run("space", "mini", "--layers", subnet).standardOutput
    #expect(text.contains("total"))
    #expect(text.contains("head.classifier"))
  }

  @Test("Layers of a subnet by its id")
  func layersByIdentifier() throws {
    let id = try SupernetSpace.preset("compact").smallest.id
    let json = try Tool.run("space", "compact", "--layers", id, "--json").object()
    #expect(json["subnet"] as? String == id)
  }

  @Test("A space written as YAML reads back the same", arguments: SupernetSpace.presetNames)
  func yaml(preset: String) throws {
    let folder = try Folder()
    let yaml = try Tool.run("space", preset, "--yaml")
    #expect(yaml.exitCode == 0)
    let path = try folder.write(yaml.standardOutput, to: "space.yaml")
    let copy = try Tool.run("space", path, "--json")
    #expect(copy.standardOutput == (try Tool.run("space", preset, "--json").standardOutput))
  }

  @Test("An unknown preset gets the nearest one")
  func unknownPreset() throws {
    let output = try Tool.run("space", "nasvti")
    #expect(output.exitCode == 3)
    #expect(output.standardOutput.isEmpty)
    #expect(output.standardError.contains("did you mean nasvit?"))
  }

  @Test(
    "Wrong files are named with the place and what was expected",
    arguments: [
      ("name: [", ["line"]), ("resolutons: [28]\n", ["resolutons", "resolutions"]),
      ("just words\n", ["space.yaml"]), ("", ["space.yaml"]),
    ])
  func wrongFile(text: String, mentions: [String]) throws {
    let folder = try Folder()
    let path = try folder.write(text, to: "space.yaml")
    let output = try Tool.run("space", path)
    #expect(output.exitCode == 3)
    #expect(output.standardError.hasPrefix("error: \(path)"))
    for word in mentions {
      #expect(output.standardError.contains(word), "\(output.standardError)")
    }
  }

  @Test("A value that is out of range is named with its key")
  func wrongValue() throws {
    let folder = try Folder()
    let yaml = try Tool.run("space", "mini", "--yaml").standardOutput
    let path = try folder.write(
      yaml.replacing("classes: 10", with: "classes: 0"), to: "space.yaml")
    let output = try Tool.run("space", path)
    #expect(output.exitCode == 3)
    #expect(output.standardError.contains("classes"))
  }

  @Test("A file that is not there is an error of reading")
  func absentFile() throws {
    let output = try Tool.run("space", "nowhere/space.yaml")
    #expect(output.exitCode == 6)
    #expect(output.standardError.contains("nowhere/space.yaml"))
  }

  @Test(
    "A subnet that is none is refused",
    arguments: [
      ("largst", Int32(64), "did you mean largest?"), ("r28_s16_x", 64, "part 3"),
      ("r28_s16_c99-k3e2_c24-k3e2_c48-k3e2", 3, "width"),
    ])
  func wrongSubnet(text: String, code: Int32, mentions: String) throws {
    let output = try Tool.run("space", "mini", "--layers", text)
    #expect(output.exitCode == code)
    #expect(output.standardError.contains(mentions), "\(output.standardError)")
  }
}
