/// Horizontal bars: a row for each category, a bar for each series, panels side by side.
package struct BarPlot {
  /// One measure of all categories.
  package struct Panel {
    package var axis: PlotAxis
    /// For each series the values of all categories; nil where there is none.
    package var values: [[Double?]]

    package init(axis: PlotAxis, values: [[Double?]]) {
      self.axis = axis
      self.values = values
    }
  }

  /// Names of the rows, with a second, quieter text.
  package var categories: [(name: String, detail: String)]
  /// What the bars of a row stand for, and the colour of each.
  package var series: [(name: String, colour: Int)]
  package var panels: [Panel]
  package var width = 720.0

  private let barHeight = 9.0
  private let rowGap = 9.0

  package init(
    categories: [(name: String, detail: String)], series: [(name: String, colour: Int)],
    panels: [Panel]
  ) {
    self.categories = categories
    self.series = series
    self.panels = panels
  }

  package func svg(label: String) -> String {
    let rowHeight = max(Double(series.count) * (barHeight + 1), 11) + rowGap
    let top = series.isEmpty ? 30.0 : 52.0
    let bottom = top + Double(categories.count) * rowHeight
    var svg = SVG(width: width, height: bottom + 26)
    drawLegend(in: &svg)

    let detailWidth = categories.map { SVG.textWidth($0.detail) }.max() ?? 0
    let nameWidth = categories.map { SVG.textWidth($0.name) }.max() ?? 0
    let labels = min(nameWidth + detailWidth + 34, width * 0.4)
    for (row, category) in categories.enumerated() {
      let y = top + (Double(row) + 0.5) * rowHeight + 4
      svg.text(0, y, category.name, "name")
      svg.text(labels - 10, y, category.detail, "quiet", anchor: .end)
    }
    let gap = 44.0
    let count = Double(panels.count)
    let panelWidth = (width - labels - 20 - gap * (count - 1)) / count
    for (index, panel) in panels.enumerated() {
      let left = labels + Double(index) * (panelWidth + gap)
      draw(panel, left: left, right: left + panelWidth, top: top, rowHeight: rowHeight, in: &svg)
    }
    return svg.document(label: label)
  }

  private func draw(
    _ panel: Panel, left: Double, right: Double, top: Double, rowHeight: Double, in svg: inout SVG
  ) {
    let bottom = top + Double(categories.count) * rowHeight
    let values: [Double] = panel.values.joined().compactMap(\.self) + [0]
    let range = panel.axis.fitted(values)
    func x(_ value: Double) -> Double {
      left + panel.axis.position(value, in: range) * (right - left)
    }
    for tick in panel.axis.ticks(in: range, count: max(2, Int((right - left) / 60))) {
      svg.line(x(tick.value), top, x(tick.value), bottom, "grid")
      svg.text(x(tick.value), bottom + 16, tick.text, "tick", anchor: .middle)
    }
    svg.text(left, top - 10, panel.axis.label, "strong")
    for (row, category) in categories.enumerated() {
      let start = top + Double(row) * rowHeight + rowGap / 2
      for index in series.indices {
        guard let value = panel.values[index][row], value.isFinite else { continue }
        let (from, to) = (x(0), x(min(max(value, range.lowerBound), range.upperBound)))
        let text = panel.axis.text(value, step: 0.001)
        svg.rectangle(
          min(from, to), start + Double(index) * (barHeight + 1), max(abs(to - from), 1),
          barHeight, "bar", fill: PlotTheme.colour(series[index].colour), radius: 2,
          title:
            "\(category.name) (\(category.detail)), \(series[index].name)\n\(panel.axis.label): \(text)"
        )
      }
    }
    svg.line(x(0), top, x(0), bottom, "axis")
  }

  private func drawLegend(in svg: inout SVG) {
    var x = 0.0
    for entry in series {
      svg.rectangle(x, 4, 12, 12, "key", fill: PlotTheme.colour(entry.colour), radius: 2)
      svg.text(x + 18, 14, entry.name, "name")
      x += SVG.textWidth(entry.name) + 40
    }
  }
}
