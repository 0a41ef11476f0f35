import Foundation
import Runtime

/// The HTML report of a run: one file, no script, no network, light and dark.
public enum Report {
  /// Draws `report.html` of the run from its other files.
  ///
  /// Works for a run that is still going on. Throws `.data` when the metrics are damaged, `.usage`
  /// when there is no run, `.io` when the report cannot be written.
  public static func write(_ paths: RunPaths) throws {
    try AtomicFile.write(html(paths), to: paths.report)
  }

  /// The report as text.
  public static func html(_ paths: RunPaths) throws -> String {
    let data = try ReportData(paths)
    let sections = [
      header(data), AccuracySection.html(data), ArraysSection.html(data),
      TrainingSection.html(data), ConflictSection.html(data), details(data),
    ]
    return ReportPage.page(title: "\(data.name) · Kirchhoff", body: sections.joined())
  }

  private static func header(_ data: ReportData) -> String {
    let steps = data.steps.last?.step ?? 0
    let phases = data.phaseNames.count
    var facts = ["\(ProgressLine.grouped(steps)) training steps"]
    if phases > 1 { facts.append("\(phases) phases") }
    if let processor = data.machine["processor"] { facts.append(processor) }
    if let threads = data.machine["threads"] {
      facts.append(threads == "1" ? "1 thread" : "\(threads) threads")
    }
    if !data.isFinished { facts.append("not finished") }
    let head = """
      <header>
      <div class="kind">\(data.arrays.isEmpty ? "Supernet" : "Network") training run</div>
      <h1>\(SVG.escaped(data.name))</h1>
      <p>\(SVG.escaped(facts.joined(separator: " · ")))</p>
      </header>

      """
    return head + ReportPage.tiles(tiles(data))
  }

  private static func tiles(_ data: ReportData) -> [(value: String, unit: String, name: String)] {
    var tiles: [(value: String, unit: String, name: String)] = []
    let evaluations = data.lastEvaluations
    func macs(_ record: EvaluationRecord) -> String {
      PlotAxis.prefixed(Double(record.macs)).replacingOccurrences(of: " ", with: "\u{A0}")
        + "\u{A0}MACs"
    }
    func percent(_ share: Double) -> String { String(format: "%.2f", share * 100) }
    for (group, name) in [(SubnetGroup.largest, "Largest"), (.smallest, "Smallest")] {
      if let record = evaluations.first(where: { $0.group == group }) {
        tiles.append((percent(record.accuracy), "%", "\(name) subnet, \(macs(record))"))
      }
    }
    if let best = evaluations.max(by: { $0.accuracy < $1.accuracy }), evaluations.count > 2,
      best.group != .largest
    {
      tiles.append((percent(best.accuracy), "%", "Best of \(evaluations.count), \(macs(best))"))
    }
    if let last = data.arrays.last {
      tiles.append((percent(last.accuracy), "%", "Test accuracy"))
      if last.writes > 0 {
        let mean = Double(last.writes) / Double(last.weights)
        tiles.append((String(format: "%.1f", mean), "writes", "Mean of a weight"))
      }
    }
    let rates = data.steps.compactMap { $0.time?.imagesPerSecond }.filter(\.isFinite).sorted()
    if !rates.isEmpty {
      let median = ProgressLine.grouped(Int(rates[rates.count / 2].rounded()))
      tiles.append((median, "images/s", "Median training rate"))
    }
    if let seconds = data.steps.last?.time?.seconds {
      tiles.append((ProgressLine.duration(seconds), "", "Training time"))
    }
    return tiles
  }

  private static func details(_ data: ReportData) -> String {
    var body = ""
    if !data.config.isEmpty {
      body += ReportPage.folded("Config as resolved", "<pre>\(SVG.escaped(data.config))</pre>\n")
    }
    if !data.machine.isEmpty {
      let rows = data.machine.sorted { $0.key < $1.key }.map {
        [SVG.escaped($0.key), SVG.escaped($0.value)]
      }
      body += ReportPage.folded("Machine", ReportPage.table([], rows, numbersFrom: 2))
    }
    return body.isEmpty ? "" : ReportPage.section("How it was made", body)
  }
}
