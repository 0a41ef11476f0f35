import Foundation

/// Accuracy of the evaluated subnets: against their cost, and in a table.
enum AccuracySection {
  static func html(_ data: ReportData) -> String {
    let records = data.lastEvaluations
    guard !records.isEmpty else { return "" }
    let intro =
      "\(records.count) subnets after step \(ProgressLine.grouped(records[0].step)), each tested on "
      + "\(ProgressLine.grouped(records[0].images)) images "
      + (records[0].calibrated
        ? "with batch-norm statistics calibrated for it." : "without batch-norm calibration.")
    let body = scatter(records) + table(records)
    return ReportPage.section("Accuracy of subnets", body, intro: intro)
  }

  private static func look(_ family: SubnetFamily) -> (
    name: String, colour: Int, marker: PlotMarker
  ) {
    switch family {
    case .cnnOnly: ("CNN-only", 0, .circle)
    case .hybrid: ("hybrid", 2, .square)
    case .vitHeavy: ("ViT-heavy", 1, .triangle)
    }
  }

  private static func point(_ record: EvaluationRecord) -> ScatterPlot.Point {
    let facts = [
      "\(percent(record.accuracy)) accuracy",
      "\(PlotAxis.prefixed(Double(record.macs))) MACs",
      "\(PlotAxis.prefixed(Double(record.parameters))) parameters",
    ]
    let title =
      ([record.subnet, "\(groupName(record.group)), \(look(record.family).name)"] + facts)
      .joined(separator: "\n")
    let label = [SubnetGroup.largest: "largest", .smallest: "smallest"][record.group]
    return ScatterPlot.Point(
      x: Double(record.macs), y: record.accuracy, title: title, label: label)
  }

  private static func scatter(_ records: [EvaluationRecord]) -> String {
    let series = SubnetFamily.allCases.compactMap { family -> ScatterPlot.Series? in
      let points = records.filter { $0.family == family }.map(point)
      guard !points.isEmpty else { return nil }
      let look = look(family)
      return ScatterPlot.Series(
        name: look.name, points: points, colour: look.colour, marker: look.marker)
    }
    var plot = ScatterPlot(
      xAxis: PlotAxis("Multiply-accumulates for one image", scale: .log, format: .prefixed),
      yAxis: PlotAxis("Accuracy", format: .percent), series: series)
    (plot.width, plot.height) = (980, 440)
    let front = ScatterPlot.front(series.flatMap(\.points))
    var caption =
      "The Pareto line joins the \(front.count) of \(records.count) subnets that no other beats "
      + "with fewer multiply-accumulates."
    if let first = front.first, let last = front.last, front.count > 1 {
      caption +=
        " It climbs from \(percent(first.y)) at \(PlotAxis.prefixed(first.x)) to \(percent(last.y)) "
        + "at \(PlotAxis.prefixed(last.x)). Point at a subnet to see which it is."
    }
    return ReportPage.figure(
      "Accuracy against cost", plot.svg(label: "Accuracy of subnets against MACs"),
      caption: caption)
  }

  private static func table(_ records: [EvaluationRecord]) -> String {
    let order = SubnetGroup.allCases
    let sorted = records.sorted {
      let (a, b) = (order.firstIndex(of: $0.group)!, order.firstIndex(of: $1.group)!)
      return (a, $0.macs, $0.subnet) < (b, $1.macs, $1.subnet)
    }
    let rows = sorted.map { record in
      let look = look(record.family)
      return [
        groupName(record.group),
        ReportPage.chip(look.name, colour: look.colour, marker: look.marker),
        "<code>\(SVG.escaped(record.subnet))</code>", percent(record.accuracy),
        record.loss.map { String(format: "%.3f", $0) } ?? "–",
        ProgressLine.grouped(record.parameters), PlotAxis.prefixed(Double(record.macs)),
      ]
    }
    let header = ["Group", "Blocks", "Subnet", "Accuracy", "Loss", "Parameters", "MACs"]
    let table = ReportPage.table(header, rows, numbersFrom: 3)
    return rows.count <= 30 ? table : ReportPage.folded("All \(rows.count) subnets", table)
  }

  private static func groupName(_ group: SubnetGroup) -> String {
    switch group {
    case .largest: "Largest"
    case .smallest: "Smallest"
    case .sampled: "Sampled"
    case .cnnOnly: "CNN-only"
    case .vitHeavy: "ViT-heavy"
    }
  }

  private static func percent(_ share: Double) -> String {
    String(format: "%.2f", share * 100) + " %"
  }
}
