import Foundation
import Runtime

/// Everything that a report shows, read from the files of a run.
package struct ReportData {
  package let name: String
  package let phases: [PhaseRecord]
  package let steps: [StepRecord]
  package let evaluations: [EvaluationRecord]
  package let conflicts: [ConflictRecord]
  package let arrays: [ArraysRecord]
  package let config: String
  package let machine: [String: String]
  package let isFinished: Bool

  /// Reads a run that may still be going on, or have been cut short: what is not there is empty.
  ///
  /// Throws `.io` when the folder holds no run, `.data` when a line of the metrics is damaged.
  package init(_ paths: RunPaths) throws {
    guard paths.hasRun else {
      throw KirchhoffError(
        .usage, subject: paths.root, found: "no run", expected: "a run directory")
    }
    let records = Folder.exists(paths.metrics) ? try MetricsLog.read(paths.metrics) : []
    var phases: [PhaseRecord] = []
    var steps: [StepRecord] = []
    var evaluations: [EvaluationRecord] = []
    var conflicts: [ConflictRecord] = []
    var arrays: [ArraysRecord] = []
    for record in records {
      switch record {
      case .phase(let record): phases.append(record)
      case .step(let record): steps.append(record)
      case .evaluation(let record): evaluations.append(record)
      case .conflict(let record): conflicts.append(record)
      case .arrays(let record): arrays.append(record)
      }
    }
    (self.phases, self.steps) = (phases, steps)
    (self.evaluations, self.conflicts, self.arrays) = (evaluations, conflicts, arrays)
    let root = URL(fileURLWithPath: paths.root).standardizedFileURL
    name = root.lastPathComponent
    config = (try? Folder.read(paths.config)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    let machineData = (try? Folder.read(paths.machine)) ?? Data("{}".utf8)
    machine = (try? JSONDecoder().decode([String: String].self, from: machineData)) ?? [:]
    isFinished = paths.isFinished
  }

  /// The evaluations of the last step that has any, calibrated ones where there are such.
  package var lastEvaluations: [EvaluationRecord] {
    let last = evaluations.map(\.step).max()
    let final = evaluations.filter { $0.step == last }
    let calibrated = final.filter(\.calibrated)
    return calibrated.isEmpty ? final : calibrated
  }

  /// The names of the phases in their order, whether or not a phase record announced them.
  package var phaseNames: [String] {
    unique(phases.map(\.phase) + steps.map(\.phase) + conflicts.map(\.phase))
  }

  /// The names of the losses: max, random, min, then others.
  package var lossRoles: [String] {
    let known = ["max", "random", "min"]
    let found = Set(steps.flatMap(\.losses.keys))
    return known.filter(found.contains) + found.subtracting(known).sorted()
  }

  /// Conflict joined over the steps of each phase, weighted by samples, in the order of the file.
  package func joinedConflicts(_ key: (ConflictRecord) -> String) -> [ConflictCell] {
    var cells: [String: ConflictCell] = [:]
    var order: [String] = []
    for record in conflicts where record.cosine.isFinite {
      let name = key(record)
      let id = "\(name)\u{0}\(record.pair)\u{0}\(record.phase)"
      if cells[id] == nil {
        order.append(id)
        cells[id] = ConflictCell(
          name: name, blockKind: record.blockKind, pair: record.pair, phase: record.phase)
      }
      cells[id]?.add(record)
    }
    return order.compactMap { cells[$0] }
  }

  /// Values in the order of their first appearance.
  package func unique(_ values: [String]) -> [String] {
    var seen: Set<String> = []
    return values.filter { seen.insert($0).inserted }
  }
}

/// The conflict of a layer, tensor or kind of block for one pair in one phase.
package struct ConflictCell {
  package let name: String
  package let blockKind: String
  package let pair: String
  package let phase: String
  private var cosineSum = 0.0
  private var negativeSum = 0.0
  private var samples = 0.0

  package init(name: String, blockKind: String, pair: String, phase: String) {
    (self.name, self.blockKind, self.pair, self.phase) = (name, blockKind, pair, phase)
  }

  mutating func add(_ record: ConflictRecord) {
    let weight = Double(max(record.samples, 1))
    cosineSum += record.cosine * weight
    negativeSum += record.negativeShare * weight
    samples += weight
  }

  package var cosine: Double { cosineSum / samples }
  package var negativeShare: Double { negativeSum / samples }
}
