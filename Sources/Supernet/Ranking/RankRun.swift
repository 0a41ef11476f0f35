import Foundation
import RunLog
import Runtime
import SearchSpace

/// Asks whether a supernet ranks its subnets as training each of them alone would.
///
/// Each network has a folder: its scores in the supernet, and the run directory of its own training.
/// What is there is not done again, and an interrupted training goes on from its last checkpoint.
public final class RankRun {
  /// The plan.
  public let plan: RankPlan
  /// Where everything is.
  public let paths: RankPaths
  private let trained: TrainedSupernet
  private let style: ProgressBar.Style

  /// Begins a ranking, or goes on with the one that is there.
  ///
  /// - Parameters:
  ///   - trained: The supernet.
  ///   - paths: The folder of the ranking.
  ///   - mode: Whether one may be there.
  ///   - style: How progress is shown.
  ///   - change: Changes the settings: those of the ranking that is there, else the run's.
  /// - Throws: `KirchhoffError` when the folder holds a ranking that `mode` does not allow to touch,
  ///   or one of other settings or weights, or cannot be written; when the space is too small.
  public init(
    _ trained: TrainedSupernet, paths: RankPaths, mode: RunDirectory.Mode = .create,
    style: ProgressBar.Style = .automatic(), change: (inout RankSettings) -> Void = { _ in }
  ) throws {
    self.trained = trained
    self.paths = paths
    self.style = style
    if mode == .create, paths.all.contains(where: Folder.exists) {
      throw KirchhoffError(
        .usage, subject: paths.root,
        found: Folder.exists(paths.result) ? "a finished ranking" : "an unfinished ranking",
        expected: "an empty place for a new one",
        hint: "--resume goes on with it, --force replaces it, another --output leaves it alone")
    }
    if mode == .resume, !Folder.exists(paths.plan) {
      throw KirchhoffError(
        .usage, subject: paths.root, found: "no ranking", expected: "one to resume",
        hint: "leave --resume out to begin one")
    }
    let saved = mode == .resume ? try Self.saved(paths) : nil
    var settings = saved?.settings ?? RankSettings(trained.config)
    change(&settings)
    try settings.validate(subject: "ranking of \(trained.paths.root)")
    plan = try RankPlan(trained, settings)
    if let saved { try Self.check(plan, saved, paths) }
    if mode == .overwrite { for path in paths.all { try Folder.remove(path) } }
    try Folder.create(paths.networks)
    try AtomicFile.writeJSON(plan, to: paths.plan)
  }

  /// Scores and trains what is not ready yet, and writes result and report.
  ///
  /// - Throws: `KirchhoffError(.interrupted)` after a signal, with everything saved.
  public func run() throws -> RankResult {
    var subnets = try scored()
    let order = plan.order
    let bar = ProgressBar(
      total: order.count * plan.config.steps, style: style(whenAbsent: networkResults))
    defer { bar.finish() }
    for (done, index) in order.enumerated() {
      let name = "network \(done + 1)/\(order.count)"
      subnets[index].alone = try trainedAlone(index, bar, name, stepsBefore: done)
      if done >= 2, done < order.count - 1 { try writeReport(subnets) }
    }
    return try writeReport(subnets, isFinal: true)
  }

  private static func saved(_ paths: RankPaths) throws -> RankPlan {
    try JSON.decode(
      RankPlan.self, from: Folder.read(paths.plan), kind: .data, subject: paths.plan)
  }

  /// A ranking goes on as it began, or its figures would not belong together.
  private static func check(_ plan: RankPlan, _ saved: RankPlan, _ paths: RankPaths) throws {
    var saved = saved
    // The run may have been moved, or be named in another way.
    saved.run = plan.run
    guard saved != plan else { return }
    func lines(_ plan: RankPlan) throws -> [Substring] {
      let text = try JSON.encode(plan, pretty: true, subject: paths.plan)
      return String(decoding: text, as: UTF8.self).split(separator: "\n")
    }
    let difference = try zip(lines(saved), lines(plan)).first { $0 != $1 }
    func plain(_ line: Substring?) -> String {
      (line ?? "other subnets").trimmingCharacters(in: CharacterSet(charactersIn: " ,"))
    }
    throw KirchhoffError(
      .usage, subject: paths.plan, found: plain(difference?.0),
      expected: "\(plain(difference?.1)), as asked for now",
      hint: "a ranking goes on as it began; --force begins anew")
  }

  private var folders: [String] {
    plan.subnets.enumerated().map { paths.network($0.offset, $0.element) }
  }

  private var scoreFiles: [String] { folders.map { "\($0)/supernet.json" } }

  private var networkResults: [String] { folders.map { RunPaths($0).result } }

  /// Where there is nothing left to do, there is no progress to show.
  private func style(whenAbsent files: [String]) -> ProgressBar.Style {
    files.allSatisfy(Folder.exists) ? .quiet : style
  }

  /// The networks with their scores in the supernet.
  private func scored() throws -> [RankedSubnet] {
    let space = trained.supernet.space
    let images =
      plan.settings.images > 0
      ? trained.data.test.subset(limit: plan.settings.images) : trained.data.test
    let evaluator = try trained.evaluator(on: images)
    let bar = ProgressBar(
      total: plan.subnets.count, unit: .items("subnets"), style: style(whenAbsent: scoreFiles))
    defer { bar.finish() }
    return try zip(plan.subnets, scoreFiles).enumerated().map { index, item in
      let (subnet, file) = item
      if let data = try? Folder.read(file),
        let known = try? JSONDecoder().decode(RankedSubnet.self, from: data)
      {
        return known
      }
      try SignalGuard.check(saved: "what is scored and trained is kept")
      let cost = try space.plan(for: subnet).cost
      let ranked = RankedSubnet(
        subnet: subnet, family: space.family(of: subnet), parameters: cost.parameters,
        macs: cost.macs, supernet: try evaluator.score(subnet),
        uncalibrated: try evaluator.score(subnet, calibrated: false))
      try Folder.create(Folder.parent(of: file))
      try AtomicFile.writeJSON(ranked, to: file)
      bar.update(step: index + 1, phase: "scoring")
      return ranked
    }
  }

  /// Trains a network alone, or reads what it reached when that was done before.
  private func trainedAlone(
    _ index: Int, _ bar: ProgressBar, _ name: String, stepsBefore networks: Int
  ) throws -> SubnetScore {
    let subnet = plan.subnets[index]
    let run = RunPaths(paths.network(index, subnet))
    if let data = try? Folder.read(run.result),
      let result = try? JSONDecoder().decode(TrainingResult.self, from: data),
      let score = result.subnets.first?.score
    {
      return score
    }
    var config = plan.config
    config.space = run.space
    try trained.supernet.space.only(subnet).write(to: URL(fileURLWithPath: config.space))
    let directory = try RunDirectory(run, mode: run.hasRun ? .resume : .create)
    defer { directory.close() }
    var options = TrainingRun.Options()
    options.progress = .quiet
    let before = networks * config.steps
    let batchSize = config.batchSize
    options.didStep = { step, loss in
      bar.update(step: before + step, count: (before + step) * batchSize, phase: name, loss: loss)
    }
    let training = try TrainingRun(
      config, directory: directory, resume: run.hasRun, options: options)
    guard let result = try training.run(), let score = result.subnets.first?.score else {
      throw KirchhoffError(
        .internalError, subject: run.root, found: "a training without a score", expected: "one")
    }
    // Only the way to an unfinished network needs them; for many networks they are large.
    try Folder.remove(run.checkpoints)
    return score
  }

  @discardableResult
  private func writeReport(
    _ subnets: [RankedSubnet], isFinal: Bool = false
  ) throws -> RankResult {
    let result = RankResult(
      plan, space: trained.supernet.space.name, data: trained.data.test.name, subnets: subnets)
    try AtomicFile.write(
      RankReport(result, planned: subnets.count).html, to: paths.report)
    if isFinal { try AtomicFile.writeJSON(result, to: paths.result) }
    return result
  }
}
