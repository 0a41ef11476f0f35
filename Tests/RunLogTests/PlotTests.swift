import Foundation
import RunLog
import Runtime
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct PlotTests {
  @Test(arguments: [
    (0.0, 1.0, 5, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    (0, 10_000, 4, ["0", "5,000", "10,000"]),
    (-1, 1, 4, ["-1.0", "-0.5", "0", "0.5", "1.0"]), (0.031, 0.0418, 3, ["0.035", "0.040"]),
    (87.2, 91.4, 4, ["88", "90"]),
  ])
  func linearTicksAreRound(low: Double, high: Double, count: Int, texts: [String]) {
    let ticks = PlotAxis("x").ticks(in: low...high, count: count)
    #expect(ticks.map(\.text) == texts)
    #expect(ticks.allSatisfy { $0.value >= low - 1e-12 && $0.value <= high + 1e-9 })
  }

  @Test(arguments: [
    (1e6, 13e6, 5, ["1 M", "2 M", "5 M", "10 M"]),
    (0.01, 1000, 6, ["0.01", "0.1", "1", "10", "100", "1 k"]),
    (1, 1e12, 6, ["1", "100", "10 k", "1 M", "100 M", "10 G", "1 T"]),
    (2.1e6, 2.9e6, 5, ["2.2 M", "2.4 M", "2.6 M", "2.8 M"]),
  ])
  func logTicksAreRound(low: Double, high: Double, count: Int, texts: [String]) {
    let axis = PlotAxis("x", scale: .log, format: .prefixed)
    #expect(axis.ticks(in: low...high, count: count).map(\.text) == texts)
  }

  @Test(arguments: [
    (950.0, "950"), (1250, "1.25 k"), (13_100_000, "13.1 M"), (999_999, "1.00 M"), (0.5, "0.50"),
    (757_000_000, "757 M"), (4.8e9, "4.80 G"),
  ])
  func prefixes(value: Double, text: String) {
    #expect(PlotAxis.prefixed(value) == text)
  }

  @Test func aRangeHasRoomAndNeverIsEmpty() {
    let axis = PlotAxis("x")
    #expect(axis.fitted([]) == 0...1)
    #expect(axis.fitted([3, 3]).contains(3))
    #expect(axis.fitted([0, 0]).upperBound > 0)
    #expect(axis.fitted([0.1, 10]).lowerBound == 0)
    #expect(axis.fitted([.nan, 1, 2, .infinity]).upperBound < 3)
    let log = PlotAxis("x", scale: .log)
    #expect(log.fitted([-1, 0]) == 1...10)
    #expect(log.fitted([5]).contains(5))
  }

  @Test func theFrontHoldsWhatNoneBeats() {
    let points = [(3.0, 5.0), (1, 1), (2, 4), (2, 3), (4, 5), (5, 6), (1, 0)].map {
      ScatterPlot.Point(x: $0.0, y: $0.1, title: "")
    }
    #expect(ScatterPlot.front(points).map(\.x) == [1, 2, 3, 5])
    #expect(ScatterPlot.front([]).isEmpty)
  }

  @Test func smoothingNeitherShiftsNorForgets() {
    let line = (0..<100).map { (x: Double($0), y: 2 * Double($0) + 1) }
    let smooth = LinePlot.smoothed(line, span: 10)
    // A straight line stays itself away from its ends: both sides weigh alike.
    #expect(abs(smooth[50].y - line[50].y) < 1e-3)
    #expect(LinePlot.smoothed([(0, 3), (1, .nan), (2, 3)], span: 5).map(\.y)[2] == 3)
    #expect(LinePlot.smoothed(line, span: 1).map(\.y) == line.map(\.y))
  }

  @Test func longLinesAreThinned() {
    let line = (0..<5001).map { (x: Double($0), y: 1.0) }
    let thin = LinePlot.thinned(line)
    #expect((400...500).contains(thin.count))
    #expect(thin.allSatisfy { $0.y == 1 })
  }

  @Test func gapsBreakALine() {
    #expect(SVG.polyline([(0, 0), (1, 1), (2, .nan), (3, 3), (4, 4)]) == "M0 0L1 1M3 3L4 4")
  }

  @Test func textIsEscapedAndNumbersAreShort() {
    #expect(SVG.escaped("a<b & \"c\"\u{1}") == "a&lt;b &amp; &quot;c&quot;�")
    #expect(SVG.number(1.5) == "1.5")
    #expect(SVG.number(-0.001) == "0")
    #expect(SVG.number(100) == "100")
    #expect(SVG.number(.nan) == "0")
  }

  static let line: String = {
    var plot = LinePlot(
      xAxis: PlotAxis("Step"), yAxis: PlotAxis("Loss <x>", scale: .log),
      series: [
        LinePlot.Series(name: "a & b", points: [(1, 2), (2, 1), (3, 0.5)], colour: 0),
        LinePlot.Series(name: "c", points: [(1, .nan), (3, 1)], colour: 11),
      ])
    plot.marks = [(2, "phase \"2\"")]
    return plot.svg(label: "losses")
  }()
  static let scatter = ScatterPlot(
    xAxis: PlotAxis("MACs", scale: .log), yAxis: PlotAxis("Accuracy", format: .percent),
    series: zip(PlotMarker.allCases, 0...).map { marker, index in
      ScatterPlot.Series(
        name: "kind \(index)",
        points: [ScatterPlot.Point(x: 1e6 * Double(index + 1), y: 0.8, title: "t<", label: "l")],
        colour: index, marker: marker)
    }
  ).svg(label: "scatter")
  static let bars = BarPlot(
    categories: [("a", "vit"), ("b", "mbconv")], series: [("p", 0), ("q", 1)],
    panels: [
      BarPlot.Panel(axis: PlotAxis("cosine", range: -1...1), values: [[0.5, nil], [-2, .nan]])
    ]
  ).svg(label: "bars")
  static let heat = HeatMap(
    rows: [("a", "x"), ("b", "y")], columns: ["p", "q"], values: [[-1, nil], [0, 0.25]],
    range: -1...1, format: .plain, measure: "cosine"
  ).svg(label: "heat")

  /// Golden structure: how many of which elements, so that nothing is lost or drawn twice.
  @Test(arguments: [
    // Two lines and their legends; three, one and no hovering dots (a point that is no number).
    (line, "path", 4 + 4), (line, "title", 4),
    // Four points, four keys, no Pareto line: all have one accuracy, so one point beats all.
    (scatter, "path", 8), (scatter, "title", 4),
    // Two keys; of four values one is nil and one is no number.
    (bars, "rect", 2 + 2), (bars, "title", 2),
    // 24 steps of the legend and three cells.
    (heat, "rect", 24 + 3), (heat, "title", 3),
  ])
  func everythingIsDrawnOnce(svg: String, element: String, count: Int) {
    #expect(svg.components(separatedBy: "<\(element)").count - 1 == count)
  }

  @Test(arguments: [line, scatter, bars, heat])
  func picturesAreWellFormed(svg: String) {
    let parser = XMLParser(data: Data(PlotTheme.standalone(svg).utf8))
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
    #expect(!svg.contains("nan") && !svg.contains("inf"))
  }

  /// A bar beyond the range ends at its edge.
  @Test func barsStayInsideTheirPanel() throws {
    let parts = Self.bars.components(separatedBy: "class=\"bar\"")
    #expect(parts.count == 3)
    #expect(Self.bars.contains("cosine: -2"))
    for match in Self.bars.matches(of: #/<rect x="([-0-9.]+)" y="[^"]*" width="([0-9.]+)"/#) {
      let x = try #require(Double(match.1))
      let width = try #require(Double(match.2))
      #expect(x >= 0 && x + width <= 720)
    }
  }
}
