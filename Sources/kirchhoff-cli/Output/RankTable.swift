import Kirchhoff

/// What `kirchhoff rank` prints.
struct RankTable {
  private let result: RankResult
  private let paths: RankPaths

  init(_ result: RankResult, paths: RankPaths) {
    self.result = result
    self.paths = paths
  }

  /// The networks, the figures, what they mean, and where everything is.
  var text: String {
    [
      "\(result.space) on \(result.data): supernet after \(grouped(result.step)) steps, "
        + "each network alone for \(grouped(result.aloneSteps))",
      networks, figures, result.explanation, "report  \(paths.report)",
    ].joined(separator: "\n\n")
  }

  private var networks: String {
    var table = Table(
      ("parameters", .right), ("MACs", .right), ("uncalibrated", .right), ("supernet", .right),
      ("alone", .right), ("gap", .right), ("id", .left))
    for row in result.subnets {
      let alone = row.alone?.accuracy ?? .nan
      table.add(
        grouped(row.parameters), grouped(row.macs), percent(row.uncalibrated.accuracy),
        percent(row.supernet.accuracy), percent(alone),
        signed(100 * (alone - row.supernet.accuracy), 2), row.subnet.id)
    }
    return table.text(indent: 2)
  }

  private var figures: String {
    var table = Table(
      ("against accuracy alone", .left), ("tau-b", .right), ("95 % interval", .left))
    func add(_ name: String, _ estimate: Estimate?, sign: Bool = false, decimals: Int = 3) {
      func text(_ value: Double) -> String {
        sign ? signed(value, decimals) : fixed(value, decimals)
      }
      table.add(
        name, estimate.map { text($0.value) } ?? "–",
        estimate.map { "\(text($0.low)) to \(text($0.high))" } ?? "")
    }
    add("accuracy in the supernet", result.supernetTau)
    add("parameters", result.parametersTau)
    add("MACs", result.macsTau)
    add("accuracy, not calibrated", result.uncalibratedTau)
    add("supernet above the better of both", result.advantage, sign: true)
    table.addBlank()
    add("mean gap in points", result.gapPoints, sign: true, decimals: 2)
    return table.text(indent: 2)
  }

  private func signed(_ value: Double, _ decimals: Int) -> String {
    (value < 0 ? "" : "+") + fixed(value, decimals)
  }
}
