import Kirchhoff

/// What `kirchhoff compare` prints: accuracy by group of runs, then conflict.
struct ComparisonReport {
  private let groups: [RunComparison.Group]

  init(_ comparison: RunComparison) { groups = comparison.groups }

  var text: String {
    var parts = ["accuracy in %\n" + accuracy]
    if groups.count > 1 { parts.append("difference to \(groups[0].name) in points\n" + gain) }
    if groups.contains(where: { !$0.conflicts.isEmpty }) {
      parts.append("gradient conflict in the last phase\n" + conflict)
    }
    return parts.joined(separator: "\n\n")
  }

  /// The subnets of the table, in the order in which reports list them.
  private var labels: [String] {
    let known = SubnetGroup.allCases.map(\.rawValue)
    return known.filter { label in groups.contains { $0.accuracy[label] != nil } }
  }

  private var accuracy: String {
    table(groups) { group, label in
      group.accuracy[label].map { points($0, decimals: 2) } ?? ""
    }
  }

  private var gain: String {
    table(Array(groups.dropFirst())) { group, label in
      group.gain[label].map { points($0, decimals: 2) + ($0.excludesZero ? " *" : "") } ?? ""
    }
  }

  private func table(
    _ groups: [RunComparison.Group], _ cell: (RunComparison.Group, String) -> String
  ) -> String {
    var table = Table([("runs", .left), ("seeds", .right)] + labels.map { ($0, .right) })
    for group in groups {
      table.add([group.name, "\(group.seeds.count)"] + labels.map { cell(group, $0) })
    }
    return table.text(indent: 2)
  }

  private var conflict: String {
    var table = Table(
      ("runs", .left), ("between", .left), ("weights", .left), ("cosine", .right),
      ("negative in %", .right))
    for group in groups {
      for conflict in group.conflicts {
        table.add(
          group.name, conflict.pair.replacing("|", with: " and "), conflict.weights,
          interval(conflict.cosine, factor: 1, decimals: 3),
          points(conflict.negativeShare, decimals: 1))
      }
    }
    return table.text(indent: 2)
  }

  private func points(_ value: Interval, decimals: Int) -> String {
    interval(value, factor: 100, decimals: decimals)
  }

  private func interval(_ value: Interval, factor: Double, decimals: Int) -> String {
    let mean = fixed(factor * value.mean, decimals)
    return value.halfWidth.map { "\(mean) ± \(fixed(factor * $0, decimals))" } ?? mean
  }
}
