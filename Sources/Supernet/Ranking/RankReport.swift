import Foundation
import RunLog

/// The page of a ranking: accuracy in the supernet against accuracy alone, what parameters and MACs
/// would have said, and the figures.
struct RankReport {
  let result: RankResult
  /// Networks in all, ready or not.
  let planned: Int

  init(_ result: RankResult, planned: Int) {
    self.result = result
    self.planned = planned
  }

  /// The page.
  var html: String {
    let sections = [
      header,
      ReportPage.section("Does the supernet know?", plots + taus, intro: result.explanation),
      ReportPage.section("Networks", networks),
    ]
    return ReportPage.page(title: "Ranking of \(result.run) · Kirchhoff", body: sections.joined())
  }

  private var header: String {
    var facts = [
      "\(result.space) on \(result.data)", "supernet after \(grouped(result.step)) steps",
      "each network alone for \(grouped(result.aloneSteps)) steps",
    ]
    if result.subnets.count < planned {
      facts.append("\(result.subnets.count) of \(planned) networks so far")
    }
    let gap = result.gapPoints.map { String(format: "%+.2f", $0.value) } ?? "–"
    return """
      <header>
      <div class="kind">Ranking of subnets</div>
      <h1>\(SVG.escaped(result.run))</h1>
      <p>\(SVG.escaped(facts.joined(separator: " · ")))</p>
      </header>

      """
        + ReportPage.tiles([
          (tau(result.supernetTau), "", "Kendall's tau of the supernet"),
          (tau(result.parametersTau), "", "tau of parameters"),
          (tau(result.macsTau), "", "tau of MACs"),
          (gap, "points", "accuracy alone above accuracy in the supernet"),
        ])
  }

  private var plots: String {
    var own = ScatterPlot(
      xAxis: PlotAxis("Accuracy in the supernet", format: .percent),
      yAxis: PlotAxis("Accuracy alone", format: .percent),
      series: series { $0.supernet.accuracy })
    own.guide = .diagonal
    (own.width, own.height) = (480, 400)
    var baseline = ScatterPlot(
      xAxis: PlotAxis("Multiply-accumulates for one image", scale: .log, format: .prefixed),
      yAxis: PlotAxis("Accuracy alone", format: .percent), series: series { Double($0.macs) })
    baseline.guide = .none
    (baseline.width, baseline.height) = (480, 400)
    return ReportPage.pair([
      ReportPage.figure(
        "What the supernet says", own.svg(label: "Accuracy in the supernet against accuracy alone"),
        caption: "Each point is a subnet. On the dashed line the supernet's weights are as good as "
          + "those of a training of its own; for choosing, only the order counts."),
      ReportPage.figure(
        "What MACs say", baseline.svg(label: "MACs against accuracy alone"),
        caption: "The same networks by their cost: what a supernet has to beat."),
    ])
  }

  private func series(_ x: (RankedSubnet) -> Double) -> [ScatterPlot.Series] {
    let looks: [(SubnetFamily, String, Int, PlotMarker)] = [
      (.cnnOnly, "CNN-only", 0, .circle), (.hybrid, "hybrid", 2, .square),
      (.vitHeavy, "ViT-heavy", 1, .triangle),
    ]
    return looks.compactMap { family, name, colour, marker in
      let points = result.subnets.filter { $0.family == family }.map { subnet in
        let alone = subnet.alone?.accuracy ?? .nan
        return ScatterPlot.Point(
          x: x(subnet), y: alone,
          title: "\(subnet.subnet.id)\n\(percent(subnet.supernet.accuracy)) in the supernet\n"
            + "\(percent(alone)) alone\n\(PlotAxis.prefixed(Double(subnet.macs))) MACs")
      }
      return points.isEmpty
        ? nil : ScatterPlot.Series(name: name, points: points, colour: colour, marker: marker)
    }
  }

  private var taus: String {
    let rows = [
      ("accuracy in the supernet", result.supernetTau), ("parameters", result.parametersTau),
      ("MACs", result.macsTau),
      ("accuracy in the supernet, batch norms not calibrated", result.uncalibratedTau),
      ("supernet above the better of parameters and MACs", result.advantage),
    ].map { name, estimate in
      [
        name, tau(estimate),
        estimate.map { String(format: "%.3f to %.3f", $0.low, $0.high) } ?? "–",
      ]
    }
    return ReportPage.table(
      ["Ranked by", "Kendall's tau-b", "95 % interval"], rows, numbersFrom: 1)
  }

  private var networks: String {
    let rows = result.subnets.map { subnet in
      let alone = subnet.alone?.accuracy ?? .nan
      return [
        "<code>\(SVG.escaped(subnet.subnet.id))</code>", grouped(subnet.parameters),
        PlotAxis.prefixed(Double(subnet.macs)), percent(subnet.uncalibrated.accuracy),
        percent(subnet.supernet.accuracy), percent(alone),
        String(format: "%+.2f", 100 * (alone - subnet.supernet.accuracy)),
      ]
    }
    return ReportPage.table(
      [
        "Subnet", "Parameters", "MACs", "Not calibrated", "In the supernet", "Alone", "Gap, points",
      ],
      rows, numbersFrom: 1)
  }

  private func tau(_ estimate: Estimate?) -> String {
    estimate.map { String(format: "%.3f", $0.value) } ?? "–"
  }

  private func percent(_ share: Double) -> String { String(format: "%.2f %%", 100 * share) }

  private func grouped(_ value: Int) -> String { ProgressLine.grouped(value) }
}
