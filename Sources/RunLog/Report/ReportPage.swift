import Foundation

/// Pieces of the HTML of reports.
package enum ReportPage {
  package static func page(title: String, body: String) -> String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(SVG.escaped(title))</title>
    <style>
    \(PlotTheme.variables)
    \(PlotTheme.plots)
    \(style)
    </style>
    </head>
    <body>
    <main>
    \(body)
    </main>
    </body>
    </html>

    """
  }

  package static func section(_ title: String, _ body: String, intro: String? = nil) -> String {
    let lead = intro.map { "<p class=\"intro\">\(SVG.escaped($0))</p>\n" } ?? ""
    return "<section>\n<h2>\(SVG.escaped(title))</h2>\n\(lead)\(body)</section>\n"
  }

  /// A plot with a title above and what it shows below.
  package static func figure(_ title: String, _ svg: String, caption: String) -> String {
    "<figure>\n<h3>\(SVG.escaped(title))</h3>\n\(svg)"
      + "<figcaption>\(SVG.escaped(caption))</figcaption>\n</figure>\n"
  }

  package static func pair(_ figures: [String]) -> String {
    "<div class=\"pair\">\n\(figures.joined())</div>\n"
  }

  package static func tiles(_ tiles: [(value: String, unit: String, name: String)]) -> String {
    let items = tiles.map {
      "<div class=\"tile\"><div class=\"value\">\(SVG.escaped($0.value))"
        + "<span>\(SVG.escaped($0.unit))</span></div>"
        + "<div class=\"name\">\(SVG.escaped($0.name))</div></div>\n"
    }
    return "<div class=\"tiles\">\n\(items.joined())</div>\n"
  }

  /// A table; columns from `numbersFrom` on are figures and stand to the right.
  package static func table(_ header: [String], _ rows: [[String]], numbersFrom: Int) -> String {
    func cells(_ row: [String], _ element: String) -> String {
      row.enumerated().map {
        let style = $0.offset >= numbersFrom ? " class=\"number\"" : ""
        return "<\(element)\(style)>\($0.element)</\(element)>"
      }.joined()
    }
    let body = rows.map { "<tr>\(cells($0, "td"))</tr>\n" }.joined()
    let head = header.isEmpty ? "" : "<thead><tr>\(cells(header, "th"))</tr></thead>\n"
    return "<div class=\"scroll\"><table>\n\(head)"
      + "<tbody>\n\(body)</tbody>\n</table></div>\n"
  }

  /// A part that opens on a click.
  package static func folded(_ title: String, _ body: String) -> String {
    "<details>\n<summary>\(SVG.escaped(title))</summary>\n\(body)</details>\n"
  }

  /// A small coloured sign as in the plots, followed by `name`.
  package static func chip(_ name: String, colour: Int, marker: PlotMarker) -> String {
    var svg = SVG(width: 12, height: 12)
    svg.marker(marker, 6, 6, radius: 4.5, "key", fill: PlotTheme.colour(colour))
    let picture = svg.document(label: "").replacingOccurrences(
      of: "class=\"plot\"", with: "class=\"chip\" aria-hidden=\"true\"")
    return picture.replacingOccurrences(of: "\n", with: "") + SVG.escaped(name)
  }

  private static let style = """
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui,
      -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
    main { max-width: 1060px; margin: 0 auto; padding: 40px 24px 72px; }
    header { margin-bottom: 24px; }
    header .kind { font-size: 13px; color: var(--ink-3); }
    h1 { font-size: 28px; line-height: 1.25; margin: 2px 0 6px; letter-spacing: -0.01em;
      overflow-wrap: anywhere; }
    header p { margin: 0; color: var(--ink-2); }
    section { margin-top: 44px; }
    h2 { font-size: 20px; margin: 0 0 4px; }
    h3 { font-size: 14px; margin: 0 0 14px; font-weight: 600; }
    .intro { margin: 0 0 16px; color: var(--ink-2); max-width: 74ch; }
    figure, details, .scroll { background: var(--surface); border: 1px solid var(--border);
      border-radius: 10px; }
    figure { margin: 16px 0 0; padding: 18px 20px 14px; }
    figure, details { overflow-x: auto; }
    .plot[viewBox^="0 0 9"] { min-width: 640px; }
    figcaption, h3 { position: sticky; left: 0; }
    figcaption { margin-top: 12px; font-size: 13px; color: var(--ink-2); max-width: 84ch; }
    .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr));
      gap: 16px; margin-top: 16px; }
    .pair figure { margin: 0; }
    .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; }
    .tile { background: var(--surface); border: 1px solid var(--border); border-radius: 10px;
      padding: 14px 16px; }
    .tile .value { font-size: 25px; font-weight: 600; letter-spacing: -0.01em; line-height: 1.2; }
    .tile .value span { font-size: 14px; font-weight: 400; color: var(--ink-2); margin-left: 3px; }
    .tile .name { font-size: 13px; color: var(--ink-2); margin-top: 3px; }
    .scroll { overflow-x: auto; margin-top: 16px; }
    table { border-collapse: collapse; width: 100%; font-size: 13.5px;
      font-variant-numeric: tabular-nums; }
    th, td { text-align: left; padding: 8px 16px; white-space: nowrap; }
    th { font-weight: 600; color: var(--ink-2); border-bottom: 1px solid var(--border); }
    tbody tr + tr td { border-top: 1px solid var(--grid); }
    tbody tr:hover td { background: color-mix(in oklab, var(--ink) 4%, transparent); }
    .number { text-align: right; }
    code { font: 12.5px ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
    .chip { width: 12px; height: 12px; margin-right: 7px; vertical-align: -1px; }
    details { margin-top: 16px; padding: 0 20px; }
    summary { padding: 13px 0; cursor: pointer; font-size: 14px; font-weight: 600; }
    details > .plot { margin-bottom: 18px; }
    details > .scroll { border: 0; margin: 0 -16px 12px; }
    pre { margin: 0 0 18px; overflow-x: auto; font: 12.5px/1.55 ui-monospace, "SF Mono", Menlo,
      Consolas, monospace; color: var(--ink-2); }
    @media print { body { background: none; } figure, .tile, .scroll { break-inside: avoid; } }
    """
}
