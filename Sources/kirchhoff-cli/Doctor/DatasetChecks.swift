import Kirchhoff

/// Which data sets are there.
enum DatasetChecks {
  static var all: [Check] {
    let listings = DatasetRegistry.standard().list()
    let main = listings.filter { $0.name == mainName }.map { item in
      item.folder.map { Check(item.name, $0) }
        ?? Check(
          item.name, .missing, "not found; kirchhoff train mini needs it",
          fix: "sudo apt-get install dataset-fashion-mnist, or kirchhoff data fetch fashion-mnist")
    }
    let others = listings.filter { $0.name != mainName }
    let found = others.filter { $0.folder != nil }.map(\.name)
    let absent = others.filter { $0.folder == nil }.map(\.name)
    let parts = [
      found.isEmpty ? nil : "found \(found.joined(separator: ", "))",
      absent.isEmpty
        ? nil : "not here \(absent.joined(separator: ", ")) (kirchhoff data fetch NAME)",
    ]
    return main
      + [Check("other data sets", parts.compactMap { $0 }.joined(separator: "; "))]
  }

  /// What the smallest preset trains on.
  private static let mainName = "fashion-mnist"
}
