import Foundation

/// Builds the text of an SVG picture.
package struct SVG {
  package enum Anchor: String { case start, middle, end }

  package let width: Double
  package let height: Double
  private var body = ""

  package init(width: Double, height: Double) {
    self.width = width
    self.height = height
  }

  package mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String
  ) {
    body += "<line x1=\"\(Self.number(x1))\" y1=\"\(Self.number(y1))\" x2=\"\(Self.number(x2))\""
    body += " y2=\"\(Self.number(y2))\" class=\"\(style)\"/>\n"
  }

  package mutating func text(
    _ x: Double, _ y: Double, _ text: String, _ style: String, anchor: Anchor = .start,
    turned: Bool = false
  ) {
    let place = "\(Self.number(x))\" y=\"\(Self.number(y))\""
    let turn = turned ? " transform=\"rotate(-90 \(Self.number(x)) \(Self.number(y)))\"" : ""
    body += "<text x=\"\(place) class=\"\(style)\" text-anchor=\"\(anchor.rawValue)\"\(turn)>"
    body += "\(Self.escaped(text))</text>\n"
  }

  /// A shape given by path data; `stroke` and `fill` are CSS colours.
  package mutating func path(
    _ data: String, _ style: String, stroke: String? = nil, fill: String? = nil,
    title: String? = nil
  ) {
    var css = ""
    if let stroke { css += "stroke:\(stroke);" }
    if let fill { css += "fill:\(fill);" }
    body += "<path d=\"\(data)\" class=\"\(style)\"" + (css.isEmpty ? "" : " style=\"\(css)\"")
    close("path", title)
  }

  package mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String, fill: String,
    radius: Double = 0, title: String? = nil
  ) {
    let corner = radius > 0 ? " rx=\"\(Self.number(radius))\"" : ""
    body += "<rect x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(width))\""
    body += " height=\"\(Self.number(height))\" class=\"\(style)\" style=\"fill:\(fill)\"\(corner)"
    close("rect", title)
  }

  package mutating func marker(
    _ shape: PlotMarker, _ x: Double, _ y: Double, radius: Double, _ style: String, fill: String,
    title: String? = nil
  ) {
    path(shape.path(x, y, radius), style, fill: fill, title: title)
  }

  private mutating func close(_ element: String, _ title: String?) {
    if let title {
      body += "><title>\(Self.escaped(title))</title></\(element)>\n"
    } else {
      body += "/>\n"
    }
  }

  /// The picture; `label` tells people who cannot see it what it shows.
  package func document(label: String) -> String {
    "<svg class=\"plot\" viewBox=\"0 0 \(Self.number(width)) \(Self.number(height))\" role=\"img\""
      + " aria-label=\"\(Self.escaped(label))\">\n\(body)</svg>\n"
  }

  /// Path data through points; a point that is no number breaks the line.
  package static func polyline(_ points: [(x: Double, y: Double)]) -> String {
    var data = ""
    var isOpen = false
    for point in points {
      guard point.x.isFinite, point.y.isFinite else {
        isOpen = false
        continue
      }
      data += "\(isOpen ? "L" : "M")\(number(point.x)) \(number(point.y))"
      isOpen = true
    }
    return data
  }

  /// At most two decimals: a hundredth of a pixel is enough.
  package static func number(_ value: Double) -> String {
    guard value.isFinite else { return "0" }
    let text = String(format: "%.2f", value)
    var trimmed = Substring(text)
    while trimmed.hasSuffix("0") { trimmed = trimmed.dropLast() }
    if trimmed.hasSuffix(".") { trimmed = trimmed.dropLast() }
    return trimmed == "-0" ? "0" : String(trimmed)
  }

  /// Text safe inside SVG and HTML, attributes included.
  package static func escaped(_ text: String) -> String {
    var out = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "\n", "\t": out.unicodeScalars.append(character)
      case _ where character.value < 0x20: out += "�"
      default: out.unicodeScalars.append(character)
      }
    }
    return out
  }

  /// A guess of the width of `text` in a 11.5 px sans-serif, in pixels.
  package static func textWidth(_ text: String) -> Double {
    text.reduce(0) { sum, character in
      if "iljftI.,:;|!' ".contains(character) { return sum + 3.5 }
      if "mwMW%@".contains(character) { return sum + 10 }
      return sum + (character.isUppercase ? 7.9 : 6.5)
    }
  }
}

/// The shape of a point; a second sign beside its colour.
package enum PlotMarker: CaseIterable, Sendable {
  case circle, square, triangle, diamond

  func path(_ x: Double, _ y: Double, _ r: Double) -> String {
    func points(_ list: [(Double, Double)]) -> String {
      SVG.polyline(list.map { (x + $0.0 * r, y + $0.1 * r) }) + "Z"
    }
    switch self {
    case .circle:
      let radius = SVG.number(r)
      let (left, right) = (SVG.number(x - r), SVG.number(x + r))
      let height = SVG.number(y)
      return "M\(left) \(height)A\(radius) \(radius) 0 1 1 \(right) \(height)"
        + "A\(radius) \(radius) 0 1 1 \(left) \(height)Z"
    case .square: return points([(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)])
    case .triangle: return points([(0, -1.15), (1.05, 0.75), (-1.05, 0.75)])
    case .diamond: return points([(0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)])
    }
  }
}
