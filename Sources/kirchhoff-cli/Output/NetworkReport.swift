import Foundation
import Kirchhoff

/// What `kirchhoff train` prints at the end for a network on arrays.
struct NetworkReport {
  private let result: NetworkResult
  private let paths: RunPaths

  init(_ result: NetworkResult, paths: RunPaths) {
    self.result = result
    self.paths = paths
  }

  /// Accuracy, the writes of each layer, and where everything is.
  var text: String {
    let images = grouped(result.evaluations.last?.images ?? 0)
    let arrays = result.rule == .digital ? "" : " on \(result.crossbar)"
    return [
      "\(result.network) on \(result.data), \(result.rule.rawValue)\(arrays): "
        + "\(grouped(result.steps)) steps in \(duration(result.seconds)), "
        + "\(grouped(Int(result.imagesPerSecond.rounded()))) images/s",
      "accuracy on \(images) images: \(percent(result.accuracy))",
      layers,
      "run     \(paths.root)\nreport  \(paths.report)",
    ].joined(separator: "\n\n")
  }

  private var layers: String {
    var table = Table(
      ("layer", .left), ("weights", .right), ("arrays", .right), ("writes a weight", .right),
      ("most of one", .right), ("device writes", .right), ("energy", .right), ("time", .right),
      ("endurance spent", .right))
    for layer in result.evaluations.last?.layers ?? [] {
      let writing = layer.writing
      table.add(
        layer.name, grouped(layer.weights), grouped(layer.arrays),
        fixed(Double(layer.writes) / Double(layer.weights), 2), grouped(layer.mostWrites),
        layer.pulses.map { grouped($0) } ?? "–",
        writing?.joules.map { String(format: "%.3g J", $0) } ?? "–",
        writing?.seconds.map { String(format: "%.3g s", $0) } ?? "–",
        writing?.enduranceSpent.map { String(format: "%.3g %%", 100 * $0) } ?? "–")
    }
    return table.text(indent: 2)
  }
}
