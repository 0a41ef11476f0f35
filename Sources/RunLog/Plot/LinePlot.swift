/// Lines over a common horizontal axis.
package struct LinePlot {
  /// One line.
  package struct Series {
    package var name: String
    package var points: [(x: Double, y: Double)]
    package var colour: Int
    /// A measured line that is drawn faintly behind its smoothed form.
    package var raw: [(x: Double, y: Double)] = []
    /// Dots at the points, for few of them.
    package var hasDots = false

    package init(name: String, points: [(x: Double, y: Double)], colour: Int) {
      self.name = name
      self.points = points
      self.colour = colour
    }
  }

  package var xAxis: PlotAxis
  package var yAxis: PlotAxis
  package var series: [Series]
  /// Upright lines with a text, where something changes.
  package var marks: [(x: Double, text: String)] = []
  package var width = 720.0
  package var height = 300.0

  /// The longest line that is worth drawing, in points.
  private static let mostPoints = 500
  private static let mostHits = 60

  package init(xAxis: PlotAxis, yAxis: PlotAxis, series: [Series]) {
    self.xAxis = xAxis
    self.yAxis = yAxis
    self.series = series
  }

  package func svg(label: String) -> String {
    let all = series.flatMap { $0.points + $0.raw }
    let legend = series.map { PlotFrame.Key(name: $0.name, colour: PlotTheme.colour($0.colour)) }
    var frame = PlotFrame(
      width: width, height: height, xAxis: xAxis, yAxis: yAxis,
      xRange: xAxis.fitted(all.map(\.x), room: 0), yRange: yAxis.fitted(all.map(\.y)),
      legend: series.count > 1 ? legend : [])
    drawMarks(in: &frame)
    for line in series where !line.raw.isEmpty {
      let points = Self.thinned(line.raw).map { (frame.x($0.x), frame.y($0.y)) }
      frame.svg.path(SVG.polyline(points), "faint", stroke: PlotTheme.colour(line.colour))
    }
    for line in series {
      let points = Self.thinned(line.points).map { (frame.x($0.x), frame.y($0.y)) }
      frame.svg.path(SVG.polyline(points), "line", stroke: PlotTheme.colour(line.colour))
    }
    for line in series { drawHits(line, in: &frame) }
    return frame.svg.document(label: label)
  }

  private func drawMarks(in frame: inout PlotFrame) {
    for mark in marks {
      let x = frame.x(mark.x)
      frame.svg.line(x, frame.top, x, frame.bottom, "mark")
      let isLate = x + SVG.textWidth(mark.text) + 6 > frame.right
      frame.svg.text(
        isLate ? x - 5 : x + 5, frame.top + 11, mark.text, "quiet", anchor: isLate ? .end : .start)
    }
  }

  private func drawHits(_ line: Series, in frame: inout PlotFrame) {
    let stride = max(1, line.points.count / Self.mostHits)
    for (index, point) in line.points.enumerated()
    where (index % stride == 0 || line.hasDots) && point.y.isFinite {
      let value = yAxis.text(point.y, step: max(abs(point.y), 1e-9) / 1000)
      let title = "\(line.name)\n\(xAxis.label) \(xAxis.text(point.x, step: 1)): \(value)"
      frame.svg.marker(
        .circle, frame.x(point.x), frame.y(point.y), radius: line.hasDots ? 4 : 5,
        line.hasDots ? "dot" : "hit", fill: PlotTheme.colour(line.colour), title: title)
    }
  }

  /// Neighbouring points joined to their means when there are more than a picture can show.
  package static func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    guard points.count > mostPoints else { return points }
    let size = (points.count + mostPoints - 1) / mostPoints
    return stride(from: 0, to: points.count, by: size).map { start in
      let group = points[start..<min(start + size, points.count)]
      let count = Double(group.count)
      return (group.reduce(0) { $0 + $1.x } / count, group.reduce(0) { $0 + $1.y } / count)
    }
  }

  /// The points smoothed by an exponential mean over about `span` of them to both sides.
  ///
  /// Both sides, so that the line does not lag behind; points that are no number stay as they are.
  package static func smoothed(
    _ points: [(x: Double, y: Double)], span: Double
  ) -> [(x: Double, y: Double)] {
    let keep = 1 - 2 / max(span + 1, 2)
    func oneSided(_ values: [Double]) -> [(sum: Double, weight: Double)] {
      var (sum, weight) = (0.0, 0.0)
      return values.map { value in
        (sum, weight) = (sum * keep, weight * keep)
        if value.isFinite { (sum, weight) = (sum + value, weight + 1) }
        return (sum, weight)
      }
    }
    let before = oneSided(points.map(\.y))
    let after = Array(oneSided(points.reversed().map(\.y)).reversed())
    return points.indices.map { index in
      let (x, y) = points[index]
      guard y.isFinite else { return (x, y) }
      // Both sums hold the point itself.
      let weight = before[index].weight + after[index].weight - 1
      return (x, (before[index].sum + after[index].sum - y) / weight)
    }
  }
}
