import RunLog
import Runtime
import SearchSpace

/// Finished runs side by side: those that differ in nothing but the seed make one group, with means
/// and intervals; every group is compared with the first one, seed by seed.
public struct RunComparison: Codable, Sendable {
  /// Runs of one config.
  public struct Group: Codable, Sendable {
    /// The schedule's name, with what else tells the group from the others.
    public var name: String
    /// The seeds, in the order of the runs.
    public var seeds: [UInt64]
    /// Accuracy by subnet: `largest`, `smallest`, …; `sampled` is the mean of the random ones.
    public var accuracy: [String: Interval]
    /// Accuracy minus that of the first group on the same seeds.
    public var gain: [String: Interval]
    /// Conflict in the last phase, by pair of subnets and group of weights.
    public var conflicts: [Conflict]
  }

  /// Conflict of one pair of subnets over one group of weights.
  public struct Conflict: Codable, Sendable {
    /// Whose gradients were compared, such as `cnn|vit`.
    public var pair: String
    /// The group of weights, such as `mbconv`.
    public var weights: String
    /// The mean cosine over the tensors.
    public var cosine: Interval
    /// The mean share of negative cosines.
    public var negativeShare: Interval
  }

  /// The groups, in the order of their first runs.
  public var groups: [Group]

  /// Compares the finished runs in these folders.
  ///
  /// - Throws: `KirchhoffError` for a folder without a finished run, or a seed that occurs twice.
  public init(runs: [RunPaths]) throws {
    var order: [TrainingConfig] = []
    var members: [TrainingConfig: [FinishedRun]] = [:]
    for paths in runs {
      let run = try FinishedRun(paths)
      var key = run.config
      key.seed = 0
      if members[key] == nil { order.append(key) }
      if let twin = members[key]?.first(where: { $0.config.seed == run.config.seed }) {
        throw KirchhoffError(
          .usage, subject: paths.root, found: "seed \(run.config.seed) again",
          expected: "another seed, or another config, than in \(twin.paths.root)")
      }
      members[key, default: []].append(run)
    }
    let names = RunComparison.names(order)
    let first = order.first.flatMap { members[$0] } ?? []
    groups = zip(names, order).map { name, key in
      Group(name: name, runs: members[key]!, reference: first)
    }
  }

  /// Schedule names, with space, data and steps where these tell groups apart.
  private static func names(_ configs: [TrainingConfig]) -> [String] {
    let schedules = configs.map { $0.schedule.name }
    if Set(schedules).count == schedules.count { return schedules }
    let long = configs.map { "\($0.schedule.name), \($0.space), \($0.steps) steps" }
    if Set(long).count == long.count { return long }
    return long.enumerated().map { "\($1), config \($0 + 1)" }
  }
}

extension RunComparison.Group {
  fileprivate init(name: String, runs: [FinishedRun], reference: [FinishedRun]) {
    self.name = name
    seeds = runs.map(\.config.seed)
    let labels = Set(runs.flatMap { $0.accuracy.keys })
    accuracy = Dictionary(
      uniqueKeysWithValues: labels.map { label in
        (label, Interval(runs.compactMap { $0.accuracy[label] }))
      })
    gain = Dictionary(
      uniqueKeysWithValues: labels.compactMap { label in
        let differences = runs.compactMap { run -> Double? in
          guard let twin = reference.first(where: { $0.config.seed == run.config.seed }),
            let before = twin.accuracy[label], let after = run.accuracy[label]
          else { return nil }
          return after - before
        }
        return differences.isEmpty ? nil : (label, Interval(differences))
      })
    let summaries = runs.map { $0.result.conflicts.last?.groups ?? [] }
    let keys = summaries.first?.map { [$0.pair, $0.blockKind] } ?? []
    conflicts = keys.map { key in
      let values = summaries.compactMap { run in
        run.first { [$0.pair, $0.blockKind] == key }
      }
      return RunComparison.Conflict(
        pair: key[0], weights: key[1], cosine: Interval(values.map(\.cosine)),
        negativeShare: Interval(values.map(\.negativeShare)))
    }
  }
}

/// A run that came to its end.
private struct FinishedRun {
  let paths: RunPaths
  let config: TrainingConfig
  let result: TrainingResult
  let accuracy: [String: Double]

  init(_ paths: RunPaths) throws {
    guard paths.isFinished else {
      throw KirchhoffError(
        .usage, subject: paths.root,
        found: paths.hasRun ? "a run that has not come to its end" : "no run",
        expected: "a finished run",
        hint: paths.hasRun ? "kirchhoff train --run \(paths.root) --resume" : nil)
    }
    self.paths = paths
    config = try TrainingConfig.loader.load(paths.config)
    result = try JSON.decode(
      TrainingResult.self, from: Folder.read(paths.result), kind: .config,
      subject: paths.result)
    accuracy = Dictionary(grouping: result.subnets, by: \.group.rawValue).mapValues { subnets in
      subnets.reduce(0) { $0 + $1.score.accuracy } / Double(subnets.count)
    }
  }
}
