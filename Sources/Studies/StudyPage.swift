import RunLog

/// A study as a page to open in a browser: its tables and curves, one file, no network.
public enum StudyPage {
  /// The page as text.
  public static func html(
    title: String, tables: [StudyTable], curves: [StudyCurve], notes: [String]
  ) -> String {
    let header = """
      <header>
      <div class="kind">Study</div>
      <h1>\(SVG.escaped(title))</h1>
      </header>

      """
    let sections = tables.map(section) + curves.map(section)
    let left = notes.map { "<p>\(SVG.escaped($0))</p>\n" }.joined()
    return ReportPage.page(
      title: "\(title) · Kirchhoff",
      body: header + sections.joined() + ReportPage.section("What the paper leaves open", left))
  }

  private static func section(_ table: StudyTable) -> String {
    let rows = table.rows.map {
      [SVG.escaped($0.name), SVG.escaped($0.paper ?? "–"), SVG.escaped($0.shown)]
    }
    return ReportPage.section(
      table.title, ReportPage.table(["", "paper", "ours"], rows, numbersFrom: 1))
  }

  private static func section(_ curve: StudyCurve) -> String {
    let series = curve.lines.enumerated().map { index, line in
      var series = LinePlot.Series(
        name: line.name, points: line.points.map { ($0.x, $0.y) }, colour: index)
      series.hasDots = line.points.count <= 30
      return series
    }
    let plot = LinePlot(
      xAxis: PlotAxis(curve.horizontal), yAxis: PlotAxis(curve.vertical), series: series)
    return ReportPage.section(curve.title, plot.svg(label: curve.title))
  }
}
