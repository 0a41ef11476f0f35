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
      EvaluatedSubnet.table(result.subnets.map(EvaluatedSubnet.init)),
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
