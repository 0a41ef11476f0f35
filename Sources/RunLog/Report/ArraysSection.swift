import Foundation

/// A network trained on arrays: accuracy and writes on the way, and its layers.
enum ArraysSection {
  static func html(_ data: ReportData) -> String {
    guard let last = data.arrays.last else { return "" }
    let intro =
      "Tested on \(ProgressLine.grouped(last.images)) images after step "
      + "\(ProgressLine.grouped(last.step))."
    return ReportPage.section(
      "Accuracy and writes", ReportPage.pair(curves(data)) + table(last), intro: intro)
  }

  private static func curves(_ data: ReportData) -> [String] {
    guard data.arrays.count > 1 else { return [] }
    let accuracy = data.arrays.map { (x: Double($0.step), y: $0.accuracy) }
    var figures = [
      figure(
        "Accuracy", accuracy, PlotAxis("Accuracy", format: .percent),
        caption: "Test accuracy at each evaluation.")
    ]
    var before = 0
    let writes = data.arrays.map { record in
      defer { before = record.writes }
      return (
        x: Double(record.step), y: Double(record.writes - before) / Double(max(record.weights, 1))
      )
    }
    if before > 0 {
      figures.append(
        figure(
          "Writes", writes, PlotAxis("Writes a weight"),
          caption: "How often a weight was programmed since the evaluation before, on average."))
    }
    return figures
  }

  private static func figure(
    _ name: String, _ points: [(x: Double, y: Double)], _ axis: PlotAxis, caption: String
  ) -> String {
    var line = LinePlot.Series(name: name, points: points, colour: 0)
    line.hasDots = points.count <= 30
    var plot = LinePlot(xAxis: PlotAxis("Step"), yAxis: axis, series: [line])
    (plot.width, plot.height) = (470, 250)
    return ReportPage.figure(
      name, plot.svg(label: "\(name) against training steps"), caption: caption)
  }

  private static func table(_ record: ArraysRecord) -> String {
    var columns: [(name: String, value: (ArraysRecord.Layer) -> String)] = [
      ("layer", { SVG.escaped($0.name) }),
      ("weights", { ProgressLine.grouped($0.weights) }),
      ("arrays", { ProgressLine.grouped($0.arrays) }),
      ("writes a weight", { String(format: "%.2f", Double($0.writes) / Double($0.weights)) }),
      ("most of one", { ProgressLine.grouped($0.mostWrites) }),
    ]
    if record.layers.contains(where: { $0.pulses != nil }) {
      columns.append(("device writes", { $0.pulses.map(ProgressLine.grouped) ?? "–" }))
    }
    if record.layers.contains(where: { $0.writing != nil }) {
      func number(_ value: Double?, _ unit: String) -> String {
        value.map { String(format: "%.3g ", $0) + unit } ?? "–"
      }
      columns += [
        ("energy", { number($0.writing?.joules, "J") }),
        ("time", { number($0.writing?.seconds, "s") }),
        ("endurance spent", { number($0.writing?.enduranceSpent.map { 100 * $0 }, "%") }),
      ]
    }
    return ReportPage.table(
      columns.map(\.name), record.layers.map { layer in columns.map { $0.value(layer) } },
      numbersFrom: 1)
  }
}
