import Foundation

/// Colours and text of all plots, as CSS with variables for light and dark pages.
package enum PlotTheme {
  /// How many categorical colours there are; a series beyond them takes the last one.
  ///
  /// Neighbours in the order were chosen to stay apart with the common kinds of colour blindness.
  package static let colourCount = 8

  /// The CSS value of the colour of a series.
  package static func colour(_ index: Int) -> String {
    "var(--series-\(min(max(index, 0), colourCount - 1) + 1))"
  }

  /// The variables, for a page that shows plots.
  package static let variables = """
    :root { color-scheme: light dark;
      --page: #f6f6f4; --surface: #fcfcfb; --ink: #0b0b0b; --ink-2: #52514e; --ink-3: #7d7b76;
      --grid: #e6e5df; --axis: #c3c2b7; --border: #e1e0d9;
      --series-1: #2a78d6; --series-2: #eb6834; --series-3: #1baf7a; --series-4: #eda100;
      --series-5: #e87ba4; --series-6: #008300; --series-7: #4a3aa7; --series-8: #e34948;
      --low: #d6403f; --middle: #efeeea; --high: #2a78d6; }
    @media (prefers-color-scheme: dark) { :root {
      --page: #111110; --surface: #1a1a19; --ink: #ffffff; --ink-2: #c3c2b7; --ink-3: #8f8d86;
      --grid: #2a2a28; --axis: #4a4a47; --border: #2f2f2d;
      --series-1: #3987e5; --series-2: #d95926; --series-3: #199e70; --series-4: #c98500;
      --series-5: #d55181; --series-6: #2f9a2f; --series-7: #9085e9; --series-8: #e66767;
      --low: #e66767; --middle: #343432; --high: #3987e5; } }
    """

  /// How the parts of a plot look.
  package static let plots = """
    .plot { display: block; width: 100%; height: auto; font: 11.5px system-ui, -apple-system,
      "Segoe UI", Roboto, "Helvetica Neue", sans-serif; font-variant-numeric: tabular-nums; }
    .plot text { fill: var(--ink-2); }
    .plot .name { fill: var(--ink-2); }
    .plot .strong { fill: var(--ink); font-weight: 600; }
    .plot .on { fill: #ffffff; }
    .plot .tick, .plot .quiet { fill: var(--ink-3); }
    .plot .grid { stroke: var(--grid); stroke-width: 1; }
    .plot .axis { stroke: var(--axis); stroke-width: 1; }
    .plot .mark { stroke: var(--axis); stroke-width: 1; stroke-dasharray: 3 3; }
    .plot .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
    .plot .faint { fill: none; stroke-width: 1; opacity: 0.28; stroke-linejoin: round; }
    .plot .guide { fill: none; stroke: var(--ink-3); stroke-width: 1.5; stroke-dasharray: 5 4; }
    .plot .dot { stroke: var(--surface); stroke-width: 1.5; }
    .plot .hit { opacity: 0; stroke: var(--surface); stroke-width: 2; }
    .plot .hit:hover { opacity: 1; }
    .plot .dot:hover, .plot .bar:hover, .plot .cell:hover { stroke: var(--ink); stroke-width: 1.5; }
    .plot .cell { stroke: var(--surface); stroke-width: 2; }
    """

  /// A whole SVG document that carries its own colours.
  package static func standalone(_ svg: String) -> String {
    guard let end = svg.firstIndex(of: ">") else { return svg }
    let open = svg[...end].replacingOccurrences(
      of: "<svg ", with: "<svg xmlns=\"http://www.w3.org/2000/svg\" ")
    return open + "<style>\(variables)\(plots)</style>" + svg[svg.index(after: end)...]
  }
}
