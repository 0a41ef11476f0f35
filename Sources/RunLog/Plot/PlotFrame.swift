/// The ground of a plot with two axes: margins, grid, ticks, labels, legend.
struct PlotFrame {
  var svg: SVG
  let xAxis: PlotAxis
  let yAxis: PlotAxis
  let xRange: ClosedRange<Double>
  let yRange: ClosedRange<Double>
  let left: Double
  let right: Double
  let top: Double
  let bottom: Double

  /// One entry of a legend.
  struct Key {
    var name: String
    var colour: String
    /// A point of this shape, or a line.
    var marker: PlotMarker?
    var isDashed = false
  }

  init(
    width: Double, height: Double, xAxis: PlotAxis, yAxis: PlotAxis, xRange: ClosedRange<Double>,
    yRange: ClosedRange<Double>, legend: [Key], rightRoom: Double = 22
  ) {
    svg = SVG(width: width, height: height)
    (self.xAxis, self.yAxis, self.xRange, self.yRange) = (xAxis, yAxis, xRange, yRange)
    top = legend.isEmpty ? 26 : 46
    bottom = height - 44
    let yTicks = yAxis.ticks(in: yRange, count: max(2, Int((bottom - top) / 34)))
    left = 16 + (yTicks.map { SVG.textWidth($0.text) }.max() ?? 0)
    right = width - rightRoom
    let xTicks = xAxis.ticks(in: xRange, count: max(2, Int((right - left) / 90)))

    for tick in yTicks {
      svg.line(left, y(tick.value), right, y(tick.value), "grid")
      svg.text(left - 8, y(tick.value) + 4, tick.text, "tick", anchor: .end)
    }
    svg.line(left, bottom, right, bottom, "axis")
    for tick in xTicks {
      svg.line(x(tick.value), bottom, x(tick.value), bottom + 4, "axis")
      svg.text(x(tick.value), bottom + 18, tick.text, "tick", anchor: .middle)
    }
    svg.text((left + right) / 2, height - 8, xAxis.label, "name", anchor: .middle)
    svg.text(0, top - 12, yAxis.label, "name")
    drawLegend(legend)
  }

  func x(_ value: Double) -> Double {
    left + xAxis.position(value, in: xRange) * (right - left)
  }

  func y(_ value: Double) -> Double {
    bottom - yAxis.position(value, in: yRange) * (bottom - top)
  }

  private mutating func drawLegend(_ keys: [Key]) {
    var x = 0.0
    for key in keys {
      if let marker = key.marker {
        svg.marker(marker, x + 6, 10, radius: 5, "dot", fill: key.colour)
      } else {
        let style = key.isDashed ? "guide" : "line"
        svg.path("M\(SVG.number(x)) 10h14", style, stroke: key.isDashed ? nil : key.colour)
      }
      svg.text(x + (key.marker == nil ? 20 : 17), 14, key.name, "name")
      x += SVG.textWidth(key.name) + 38
    }
  }
}
