import ArgumentParser
import Kirchhoff

/// `kirchhoff space`: what a search space holds.
struct SpaceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "space",
    abstract: "Show a search space: its exact size, its dimensions, and what its subnets cost.",
    discussion: """
      Examples:
        kirchhoff space --list
        kirchhoff space nasvit
        kirchhoff space compact --layers largest
        kirchhoff space mini --yaml > mine.yaml      a start for a space of your own
        kirchhoff space mine.yaml --json
      """)

  @Argument(
    help: "A preset (\(SupernetSpace.presetNames.joined(separator: ", "))) or a YAML file.",
    completion: .custom(SpaceSource.completions))
  var space: String?

  @Flag(help: "List the presets.")
  var list = false

  @Option(
    help: "List the layers of a subnet: largest, smallest, cnn, vit or an id.",
    completion: .list(SubnetSelection.words))
  var layers: SubnetSelection?

  @Flag(help: "Print the space as YAML.")
  var yaml = false

  @OptionGroup var output: OutputOptions

  func validate() throws {
    if list == (space != nil) {
      throw ValidationError(
        list ? "--list takes no space." : "Name a space, or ask for them with --list.")
    }
    if yaml, layers != nil || output.json || list {
      throw ValidationError("--yaml goes with no other option.")
    }
    if list, layers != nil { throw ValidationError("--layers needs a space.") }
    if case .random = layers { throw ValidationError("--layers takes one subnet.") }
  }

  func run() throws {
    guard let name = space else {
      let spaces = try SupernetSpace.presetNames.map { SpaceReport(try .preset($0)) }
      return output.json ? try printJSON(spaces) : print(SpaceReport.table(spaces))
    }
    let space = try SpaceSource.load(name)
    if let layers {
      let table = try LayerTable(layers.subnets(of: space, seed: 0)[0].subnet, of: space)
      return output.json ? try printJSON(table) : print(table.text)
    }
    if yaml { return print(try space.yaml(), terminator: "") }
    let report = SpaceReport(space)
    output.json ? try printJSON(report) : print(report.text)
  }
}
