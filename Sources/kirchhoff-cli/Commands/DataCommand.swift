import ArgumentParser
import Kirchhoff

/// `kirchhoff data`: find, fetch and check data sets.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "List, fetch and verify data sets.",
    discussion: """
      Data sets are looked for in the folders of KIRCHHOFF_DATA (separated by colons), in ./data and \
      ../shared/data, in ~/.cache/kirchhoff, and where packages of the system put them.

      Examples:
        kirchhoff data list
        kirchhoff data fetch cifar10
        kirchhoff data verify fashion-mnist
        kirchhoff data verify photos/
      """,
    subcommands: [DataListCommand.self, DataFetchCommand.self, DataVerifyCommand.self])
}

/// `kirchhoff data list`.
struct DataListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the data sets that are known by name and where they are.",
    discussion: """
      Examples:
        kirchhoff data list
        KIRCHHOFF_DATA=/srv/data kirchhoff data list --json
      """)

  @OptionGroup var output: OutputOptions

  func run() throws {
    let listings = DatasetRegistry.standard().list()
    if output.json { return try printJSON(listings) }
    var table = Table(
      ("name", .left), ("training", .right), ("test", .right), ("size", .left), ("what", .left),
      ("where", .left))
    for item in listings {
      let place =
        item.folder.map { "\($0) (\(megabytes(item.bytesOnDisk ?? 0)))" }
        ?? "not here: kirchhoff data fetch \(item.name)"
        + (item.downloadBytes.map { " (\(megabytes($0)))" } ?? "")
      table.add(
        item.name, grouped(item.trainingCount), grouped(item.testCount), item.shape ?? "various",
        item.summary, place)
    }
    print(table.text())
  }
}

/// `kirchhoff data verify`.
struct DataVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Read a data set in full and report what it holds, or the first damage.",
    discussion: """
      Understood are IDX and CIFAR files (plain or .gz), tables (.csv, .tsv), folders of these, and \
      folders of PNG and JPEG images by class. Files of known data sets are recognised by checksum.

      Examples:
        kirchhoff data verify fashion-mnist
        kirchhoff data verify train-images-idx3-ubyte.gz
        kirchhoff data verify photos/ --json
      """)

  @Argument(help: "A path, or the name of a data set.", completion: .file())
  var path: String

  @OptionGroup var output: OutputOptions

  func run() throws {
    let report = try DatasetRegistry.standard().verify(path)
    output.json ? try printJSON(report) : print(report)
  }
}
