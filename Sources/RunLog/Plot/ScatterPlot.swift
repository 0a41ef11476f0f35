/// Points of several kinds, with a line to compare them with.
package struct ScatterPlot {
  /// A dashed line through the plot.
  package enum Guide {
    case none
    /// The points that no other beats.
    case front
    /// Where x and y are equal; both axes then show the same kind of number.
    case diagonal
  }

  /// One point.
  package struct Point {
    package var x: Double
    package var y: Double
    /// What a hovering pointer shows.
    package var title: String
    /// A text beside the point.
    package var label: String?

    package init(x: Double, y: Double, title: String, label: String? = nil) {
      self.x = x
      self.y = y
      self.title = title
      self.label = label
    }
  }

  /// Points of one kind.
  package struct Series {
    package var name: String
    package var points: [Point]
    package var colour: Int
    package var marker: PlotMarker

    package init(name: String, points: [Point], colour: Int, marker: PlotMarker) {
      self.name = name
      self.points = points
      self.colour = colour
      self.marker = marker
    }
  }

  package var xAxis: PlotAxis
  package var yAxis: PlotAxis
  package var series: [Series]
  package var width = 720.0
  package var height = 400.0
  package var guide = Guide.front

  package init(xAxis: PlotAxis, yAxis: PlotAxis, series: [Series]) {
    self.xAxis = xAxis
    self.yAxis = yAxis
    self.series = series
  }

  /// The points that no other beats: none has a smaller or equal x and a greater y.
  ///
  /// By rising x.
  package static func front(_ points: [Point]) -> [Point] {
    var best = -Double.infinity
    return points.sorted { ($0.x, $1.y) < ($1.x, $0.y) }.filter {
      guard $0.y > best else { return false }
      best = $0.y
      return true
    }
  }

  package func svg(label: String) -> String {
    let all = series.flatMap(\.points)
    let front = guide == .front ? Self.front(all) : []
    var legend = series.map {
      PlotFrame.Key(name: $0.name, colour: PlotTheme.colour($0.colour), marker: $0.marker)
    }
    if front.count > 1 {
      legend.append(PlotFrame.Key(name: "Pareto line", colour: "", isDashed: true))
    }
    if guide == .diagonal {
      legend.append(PlotFrame.Key(name: "equal", colour: "", isDashed: true))
    }
    var frame = PlotFrame(
      width: width, height: height, xAxis: xAxis, yAxis: yAxis,
      xRange: xAxis.fitted(all.map(\.x), room: 0.06),
      yRange: yAxis.fitted(all.map(\.y), room: 0.08),
      legend: legend)
    drawFront(front, in: &frame)
    if guide == .diagonal { drawDiagonal(in: &frame) }
    for kind in series {
      for point in kind.points where point.y.isFinite {
        frame.svg.marker(
          kind.marker, frame.x(point.x), frame.y(point.y), radius: 5.5, "dot",
          fill: PlotTheme.colour(kind.colour), title: point.title)
      }
    }
    for point in all {
      guard let text = point.label else { continue }
      let (x, y) = (frame.x(point.x), frame.y(point.y))
      let isLate = x + SVG.textWidth(text) + 10 > frame.right
      // Below right and above left, off the line that runs from low left to high right.
      frame.svg.text(
        isLate ? x - 9 : x + 9, isLate ? y - 8 : y + 14, text, "strong",
        anchor: isLate ? .end : .start)
    }
    return frame.svg.document(label: label)
  }

  /// From where both axes have begun to where the first of them ends.
  private func drawDiagonal(in frame: inout PlotFrame) {
    let low = max(frame.xRange.lowerBound, frame.yRange.lowerBound)
    let high = min(frame.xRange.upperBound, frame.yRange.upperBound)
    guard low < high else { return }
    let ends = [low, high].map { (x: frame.x($0), y: frame.y($0)) }
    frame.svg.path(SVG.polyline(ends), "guide")
  }

  /// Steps: with so many multiplications this much accuracy can be had.
  private func drawFront(_ front: [Point], in frame: inout PlotFrame) {
    guard front.count > 1 else { return }
    var corners: [(x: Double, y: Double)] = []
    for point in front {
      if let last = corners.last { corners.append((frame.x(point.x), last.y)) }
      corners.append((frame.x(point.x), frame.y(point.y)))
    }
    frame.svg.path(SVG.polyline(corners), "guide")
  }
}
