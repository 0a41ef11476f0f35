import Kirchhoff

/// What `kirchhoff evaluate` prints.
struct EvaluationReport: Encodable {
  var source: String
  var space: String
  var data: String
  /// Which images were classified: test or training.
  var images: String
  var step: Int
  /// Whether the weights are a moving average; absent for an extracted network.
  var isAveraged: Bool?
  /// How batch norms got their statistics; absent where they did not.
  var calibration: TrainingConfig.Calibration?
  var subnets: [EvaluatedSubnet]

  /// A line on what was done, and the table, ids last because they are long.
  var text: String {
    var table = Table(
      ("subnet", .left), ("blocks", .left), ("accuracy", .right), ("loss", .right),
      ("parameters", .right), ("MACs", .right), ("id", .left))
    for row in subnets {
      table.add(
        row.label, row.family.rawValue, percent(row.score.accuracy), fixed(row.score.loss, 3),
        grouped(row.parameters), grouped(row.macs), row.subnet.id)
    }
    let count = grouped(subnets.first?.score.images ?? 0)
    let weights = isAveraged == true ? "averaged weights of step" : "step"
    return """
      \(space), \(source), \(weights) \(grouped(step))
      \(count) \(images) images of \(data), \(norms)

      \(table.text(indent: 2))
      """
  }

  private var norms: String {
    guard let calibration else { return "batch norms not calibrated" }
    return "batch norms calibrated on \(calibration.batches) batches of \(calibration.batchSize) "
      + "(\(calibration.convention.rawValue))"
  }
}
