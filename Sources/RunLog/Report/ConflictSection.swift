import Foundation

/// Where the gradients of different subnets pull in different directions.
enum ConflictSection {
  static func html(_ data: ReportData) -> String {
    let layers = data.joinedConflicts(\.layer)
    guard !layers.isEmpty else { return "" }
    let pairs = data.unique(layers.map(\.pair))
    let body =
      kinds(data, pairs) + pairs.map { bars(data, layers, pair: $0) }.joined()
      + tensors(data, pairs)
    return ReportPage.section(
      "Gradient conflict", body,
      intro: "Two subnets share a tensor; the cosine of their gradients on it says whether they "
        + "agree (1), ignore each other (0) or undo each other's work (below 0). A share of "
        + "negatives of one half is what unrelated gradients would show.")
  }

  /// "max|min" as "largest and smallest".
  private static func pairName(_ pair: String) -> String {
    let names = [
      "max": "largest", "min": "smallest", "random": "random", "cnn": "CNN-only",
      "vit": "ViT-heavy", "sub": "smaller subnets",
    ]
    return pair.split(separator: "|").map { names[String($0)] ?? String($0) }
      .joined(separator: " and ")
  }

  private static func percent(_ share: Double) -> String {
    String(format: "%.0f", share * 100) + " %"
  }

  /// The overview: kind of block by pair and phase.
  private static func kinds(_ data: ReportData, _ pairs: [String]) -> String {
    let cells = data.joinedConflicts(\.blockKind)
    let kinds = data.unique(cells.map(\.name))
    let rows = pairs.flatMap { pair in kinds.map { (pair: pair, kind: $0) } }
    let phases = data.phaseNames.filter { phase in cells.contains { $0.phase == phase } }
    let header = ["Pair", "Blocks"] + phases.flatMap { ["\($0): cosine", "negative"] }
    let lines = rows.compactMap { row -> [String]? in
      let found = phases.map { phase in
        cells.first { $0.pair == row.pair && $0.name == row.kind && $0.phase == phase }
      }
      guard found.contains(where: { $0 != nil }) else { return nil }
      return [SVG.escaped(pairName(row.pair)), SVG.escaped(row.kind)]
        + found.flatMap { cell in
          cell.map { [String(format: "%.3f", $0.cosine), percent($0.negativeShare)] } ?? ["–", "–"]
        }
    }
    return ReportPage.table(header.map(SVG.escaped), lines, numbersFrom: 2)
  }

  private static func bars(_ data: ReportData, _ all: [ConflictCell], pair: String) -> String {
    let cells = all.filter { $0.pair == pair }
    let layers = data.unique(cells.map(\.name))
    let phases = data.phaseNames.filter { phase in cells.contains { $0.phase == phase } }
    func values(_ value: (ConflictCell) -> Double) -> [[Double?]] {
      phases.map { phase in
        layers.map { layer in
          cells.first { $0.name == layer && $0.phase == phase }.map(value)
        }
      }
    }
    let categories = layers.map { layer in
      (name: layer, detail: cells.first { $0.name == layer }?.blockKind ?? "")
    }
    let low = min(cells.map(\.cosine).min() ?? 0, 0)
    let shareTop = max(cells.map(\.negativeShare).max() ?? 0.5, 0.5)
    // A phase has its colour in all charts.
    let names = data.phaseNames
    let series = phases.map { (name: $0, colour: names.firstIndex(of: $0) ?? 0) }
    var plot = BarPlot(
      categories: categories, series: series,
      panels: [
        BarPlot.Panel(
          axis: PlotAxis("Mean cosine", range: max(low * 1.1, -1)...1), values: values(\.cosine)),
        BarPlot.Panel(
          axis: PlotAxis("Share of negatives", format: .percent, range: 0...min(shareTop, 1)),
          values: values(\.negativeShare)),
      ])
    plot.width = 980
    let worst = cells.min { $0.cosine < $1.cosine }
    let caption =
      worst.map {
        "Least agreement: \($0.name) (\($0.blockKind)) in phase \($0.phase), with a mean cosine of "
          + "\(String(format: "%.2f", $0.cosine)) and \(percent($0.negativeShare)) negatives. "
      } ?? ""
    let title = pairName(pair)
    return ReportPage.figure(
      "Conflict per layer: \(title)", plot.svg(label: "Gradient conflict per layer, \(title)"),
      caption: caption + "Mean over the tensors of a layer, weighted by samples.")
  }

  /// Every tensor, folded away.
  private static func tensors(_ data: ReportData, _ pairs: [String]) -> String {
    let cells = data.joinedConflicts(\.tensor)
    let names = data.unique(cells.map(\.name))
    let phases = data.phaseNames.filter { phase in cells.contains { $0.phase == phase } }
    let columns = pairs.flatMap { pair in phases.map { (pair: pair, phase: $0) } }.filter {
      column in
      cells.contains { $0.pair == column.pair && $0.phase == column.phase }
    }
    var byName: [String: [ConflictCell]] = [:]
    for cell in cells { byName[cell.name, default: []].append(cell) }
    let values = names.map { name in
      columns.map { column in
        byName[name]?.first { $0.pair == column.pair && $0.phase == column.phase }?.cosine
      }
    }
    var map = HeatMap(
      rows: names.map { ($0, byName[$0]?.first?.blockKind ?? "") },
      columns: columns.map { phases.count > 1 ? "\($0.pair), \($0.phase)" : $0.pair },
      values: values, range: -1...1, format: .plain, measure: "Mean cosine")
    map.width = 980
    return ReportPage.folded(
      "All \(names.count) tensors", map.svg(label: "Mean gradient cosine of every tensor"))
  }
}
