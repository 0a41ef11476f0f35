import Foundation

/// How training went: losses, learning rate, speed, accuracy on the way.
enum TrainingSection {
  static func html(_ data: ReportData) -> String {
    guard data.steps.count > 1 else { return "" }
    let small = [accuracy(data), learningRate(data), gradientNorm(data), speed(data)]
    let body = losses(data) + ReportPage.pair(small.compactMap { $0 })
    return ReportPage.section("Training", body, intro: phases(data))
  }

  private static func phases(_ data: ReportData) -> String? {
    guard !data.phases.isEmpty else { return nil }
    return data.phases.map {
      "\($0.phase): \($0.summary) (\(ProgressLine.grouped($0.steps)) steps)."
    }
    .joined(separator: " ")
  }

  /// Where phases begin, but for the first.
  private static func marks(_ data: ReportData) -> [(x: Double, text: String)] {
    data.phases.dropFirst().map { (Double($0.step), $0.phase) }
  }

  /// Smoothed within each phase: what changes between two should be seen.
  private static func smoothed(
    _ points: [(x: Double, y: Double)], _ data: ReportData
  ) -> [(x: Double, y: Double)] {
    let starts = data.phases.map { Double($0.step) }
    let groups = Dictionary(grouping: points) { point in starts.count { $0 < point.x } }
    return groups.sorted { $0.key < $1.key }.flatMap {
      LinePlot.smoothed($0.value, span: Double(points.count) / 50)
    }
  }

  private static func losses(_ data: ReportData) -> String {
    let names = ["max": "largest", "min": "smallest", "random": "random"]
    let series = data.lossRoles.enumerated().map { index, role in
      let raw = data.steps.compactMap { step in
        step.losses[role].map { (x: Double(step.step), y: $0) }
      }
      var line = LinePlot.Series(
        name: names[role] ?? role, points: smoothed(raw, data), colour: index)
      if raw.count > 30 { line.raw = raw }
      return line
    }
    let values = series.flatMap { $0.raw + $0.points }.map(\.y).filter { $0.isFinite && $0 > 0 }
    let isWide = (values.max() ?? 1) > 12 * (values.min() ?? 1)
    var plot = LinePlot(
      xAxis: PlotAxis("Step"), yAxis: PlotAxis("Loss", scale: isWide ? .log : .linear),
      series: series)
    plot.width = 980
    plot.marks = marks(data)
    let ends = series.compactMap { line in
      line.points.last.map { (name: line.name, loss: String(format: "%.3f", $0.y)) }
    }
    guard isSandwich(data) else {
      return ReportPage.figure(
        "Loss", plot.svg(label: "Training loss"),
        caption: "Training loss: as logged (faint) and smoothed. At the end: "
          + "\(ends.map(\.loss).joined(separator: ", ")).")
    }
    return ReportPage.figure(
      "Loss by subnet", plot.svg(label: "Training loss by kind of subnet"),
      caption:
        "Training loss of each subnet of the sandwich: as logged (faint) and smoothed. At the "
        + "end: \(ends.map { "\($0.name) \($0.loss)" }.joined(separator: ", ")). The largest learns "
        + "from labels; the others, with distillation, from the largest, so their losses are on a "
        + "scale of their own.")
  }

  /// Whether a step trains several subnets.
  private static func isSandwich(_ data: ReportData) -> Bool { data.lossRoles.count > 1 }

  private static func half(_ plot: LinePlot, _ data: ReportData) -> LinePlot {
    var plot = plot
    (plot.width, plot.height) = (470, 250)
    plot.marks = marks(data)
    return plot
  }

  private static func accuracy(_ data: ReportData) -> String? {
    let steps = Set(data.evaluations.map(\.step))
    guard steps.count > 1 else { return nil }
    let groups: [(SubnetGroup, String)] = [
      (.largest, "largest"), (.sampled, "mean of sampled"), (.smallest, "smallest"),
    ]
    let series = groups.enumerated().compactMap { index, group -> LinePlot.Series? in
      let records = data.evaluations.filter { $0.group == group.0 }
      let points = Dictionary(grouping: records, by: \.step).sorted { $0.key < $1.key }.map {
        (x: Double($0.key), y: $0.value.reduce(0) { $0 + $1.accuracy } / Double($0.value.count))
      }
      guard !points.isEmpty else { return nil }
      var line = LinePlot.Series(name: group.1, points: points, colour: index)
      line.hasDots = points.count <= 30
      return line
    }
    guard !series.isEmpty else { return nil }
    let plot = LinePlot(
      xAxis: PlotAxis("Step"), yAxis: PlotAxis("Accuracy", format: .percent), series: series)
    return ReportPage.figure(
      "Accuracy on the way", half(plot, data).svg(label: "Accuracy against training steps"),
      caption: "Test accuracy at each evaluation.")
  }

  private static func learningRate(_ data: ReportData) -> String? {
    let points = data.steps.map { (x: Double($0.step), y: $0.learningRate) }
    let line = LinePlot.Series(name: "learning rate", points: points, colour: 0)
    let peak = points.map(\.y).filter(\.isFinite).max() ?? 0
    let format: PlotAxis.Format = peak < 0.01 ? .scientific : .plain
    let plot = LinePlot(
      xAxis: PlotAxis("Step"), yAxis: PlotAxis("Learning rate", format: format), series: [line])
    return ReportPage.figure(
      "Learning rate", half(plot, data).svg(label: "Learning rate against training steps"),
      caption: "The schedule as applied; its peak is \(String(format: "%.4g", peak)).")
  }

  private static func gradientNorm(_ data: ReportData) -> String? {
    let raw = data.steps.compactMap { step in
      step.gradientNorm.map { (x: Double(step.step), y: $0) }
    }
    guard raw.count > 1 else { return nil }
    var line = LinePlot.Series(name: "gradient norm", points: smoothed(raw, data), colour: 0)
    if raw.count > 30 { line.raw = raw }
    let plot = LinePlot(
      xAxis: PlotAxis("Step"), yAxis: PlotAxis("Norm", scale: .log), series: [line])
    return ReportPage.figure(
      "Gradient norm", half(plot, data).svg(label: "Gradient norm against training steps"),
      caption: "Norm of the whole gradient before clipping.")
  }

  private static func speed(_ data: ReportData) -> String? {
    let points = data.steps.compactMap { step in
      step.time?.imagesPerSecond.map { (x: Double(step.step), y: $0) }
    }
    guard points.count > 1 else { return nil }
    let line = LinePlot.Series(name: "images/s", points: points, colour: 0)
    let top = points.map(\.y).filter(\.isFinite).max() ?? 1
    let plot = LinePlot(
      xAxis: PlotAxis("Step"), yAxis: PlotAxis("Images/s", range: 0...top * 1.08), series: [line])
    return ReportPage.figure(
      "Speed", half(plot, data).svg(label: "Training images per second"),
      caption: "Training images a second"
        + (isSandwich(data) ? "; each is seen by all subnets of the sandwich." : "."))
  }
}
