import Kirchhoff

/// What `kirchhoff train` prints at the end.
struct TrainingReport {
  private let result: TrainingResult
  private let paths: RunPaths

  init(_ result: TrainingResult, paths: RunPaths) {
    self.result = result
    self.paths = paths
  }

  /// The table of subnets, the conflict of the phases, and where everything is.
  var text: String {
    var parts = [
      "\(result.space) on \(result.data): \(grouped(result.steps)) steps in "
        + "\(duration(result.seconds)), \(grouped(Int(result.imagesPerSecond.rounded()))) images/s",
      SubnetTable.text(result.subnets),
    ]
    if !conflicts.isEmpty { parts.append("gradient conflict\n" + conflicts) }
    parts.append("run     \(paths.root)\nreport  \(paths.report)")
    return parts.joined(separator: "\n\n")
  }

  private var conflicts: String {
    var table = Table(
      ("phase", .left), ("between", .left), ("weights", .left), ("cosine", .right),
      ("negative", .right), ("tensors", .right))
    var isEmpty = true
    for phase in result.conflicts {
      for group in phase.groups {
        isEmpty = false
        table.add(
          phase.phase, group.pair.replacing("|", with: " and "), group.blockKind,
          fixed(group.cosine, 3), percent(group.negativeShare), "\(group.tensors)")
      }
    }
    return isEmpty ? "" : table.text(indent: 2)
  }
}

/// Subnets with accuracy and cost.
enum SubnetTable {
  /// One line a subnet, ids last because they are long.
  static func text(_ subnets: [SubnetResult]) -> String {
    var table = Table(
      ("subnet", .left), ("blocks", .left), ("accuracy", .right), ("loss", .right),
      ("parameters", .right), ("MACs", .right), ("id", .left))
    for subnet in subnets {
      table.add(
        subnet.group.rawValue, subnet.family.rawValue, percent(subnet.score.accuracy),
        fixed(subnet.score.loss, 3), grouped(subnet.parameters), grouped(subnet.macs),
        subnet.subnet.id)
    }
    return table.text(indent: 2)
  }
}
