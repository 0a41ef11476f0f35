/// A table of coloured cells, from one colour through a neutral middle to another.
package struct HeatMap {
  package var rows: [(name: String, detail: String)]
  package var columns: [String]
  /// By row, then column; nil leaves a cell empty.
  package var values: [[Double?]]
  /// The values of the two end colours; the middle one is half way.
  package var range: ClosedRange<Double>
  package var format: PlotAxis.Format
  /// What a value is, for hovering and for the legend.
  package var measure: String
  package var width = 720.0
  package var rowHeight = 22.0

  package init(
    rows: [(name: String, detail: String)], columns: [String], values: [[Double?]],
    range: ClosedRange<Double>, format: PlotAxis.Format, measure: String
  ) {
    self.rows = rows
    self.columns = columns
    self.values = values
    self.range = range
    self.format = format
    self.measure = measure
  }

  package func svg(label: String) -> String {
    let top = 58.0
    var svg = SVG(width: width, height: top + Double(rows.count) * rowHeight + 6)
    let names = rows.map { SVG.textWidth($0.name) }.max() ?? 0
    let details = rows.map { SVG.textWidth($0.detail) }.max() ?? 0
    let left = min(names + details + 36, width * 0.45)
    let cell = min((width - left) / Double(max(columns.count, 1)), 130)
    drawLegend(in: &svg)
    for (column, name) in columns.enumerated() {
      svg.text(left + (Double(column) + 0.5) * cell, top - 8, name, "name", anchor: .middle)
    }
    for (row, entry) in rows.enumerated() {
      let y = top + Double(row) * rowHeight
      svg.text(0, y + rowHeight / 2 + 4, entry.name, "name")
      svg.text(left - 10, y + rowHeight / 2 + 4, entry.detail, "quiet", anchor: .end)
      for (column, value) in values[row].enumerated() {
        guard let value, value.isFinite else { continue }
        let x = left + Double(column) * cell
        let text = PlotAxis("", format: format).text(value, step: 0.01)
        svg.rectangle(
          x, y, cell, rowHeight, "cell", fill: fill(value), radius: 3,
          title: "\(entry.name), \(columns[column])\n\(measure): \(text)")
        if cell > 44, rowHeight >= 18 {
          svg.text(
            x + cell / 2, y + rowHeight / 2 + 4, text, abs(share(value)) > 0.55 ? "on" : "name",
            anchor: .middle)
        }
      }
    }
    return svg.document(label: label)
  }

  /// -1 at the low end, 0 in the middle, 1 at the high end.
  private func share(_ value: Double) -> Double {
    let middle = (range.lowerBound + range.upperBound) / 2
    return min(max((value - middle) / (range.upperBound - middle), -1), 1)
  }

  private func fill(_ value: Double) -> String {
    let share = share(value)
    let percent = SVG.number(abs(share) * 100)
    return "color-mix(in oklab, var(--\(share < 0 ? "low" : "high")) \(percent)%, var(--middle))"
  }

  private func drawLegend(in svg: inout SVG) {
    let steps = 24
    let axis = PlotAxis("", format: format)
    let step = (range.upperBound - range.lowerBound) / Double(steps)
    let low = axis.text(range.lowerBound, step: 0.1)
    svg.text(0, 14, measure, "name")
    var x = SVG.textWidth(measure) + 14
    svg.text(x, 14, low, "tick")
    x += SVG.textWidth(low) + 6
    for index in 0..<steps {
      let value = range.lowerBound + (Double(index) + 0.5) * step
      svg.rectangle(x + Double(index) * 5, 5, 5.3, 10, "key", fill: fill(value))
    }
    svg.text(x + Double(steps) * 5 + 6, 14, axis.text(range.upperBound, step: 0.1), "tick")
  }
}
