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
      ("most of one", .right))
    for layer in result.evaluations.last?.layers ?? [] {
      table.add(
        layer.name, grouped(layer.weights), grouped(layer.arrays),
        fixed(Double(layer.writes) / Double(layer.weights), 2), grouped(layer.mostWrites))
    }
    return table.text(indent: 2)
  }
}
