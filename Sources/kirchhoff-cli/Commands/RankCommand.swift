import ArgumentParser
import Kirchhoff

/// `kirchhoff rank`: whether a supernet ranks its subnets as training each alone would.
struct RankCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rank",
    abstract: "Compare how a supernet ranks subnets with how training each of them alone does.",
    discussion: """
      Subnets spread over the MACs of the space are scored with the supernet's weights, and each is \
      trained from scratch. Kendall's tau-b of both lists is then compared with that of parameters and \
      of MACs, which need no training at all: a supernet that does not beat them is no help. Intervals \
      are of 95 %, by bootstrap.

      This takes long. RUN/rank keeps what is ready; Ctrl-C saves and stops, --resume goes on.

      Examples:
        kirchhoff rank runs/one
        kirchhoff rank runs/one --subnets 12 --steps 300 --output ranks/short
        kirchhoff rank runs/one --resume
        kirchhoff rank runs/one --resume --json > rank.json
      """)

  @Argument(help: ArgumentHelp("A run directory.", valueName: "run"), completion: .directory)
  var runFolder: String

  @Option(help: "Subnets, 3 to 500 (default: 24).")
  var subnets: Int?

  @Option(help: "Steps of each stand-alone training (default: those of the run).")
  var steps: Int?

  @Option(help: "Images a step (default: those of the run).")
  var batchSize: Int?

  @Option(help: "The highest learning rate (default: that of the run).")
  var learningRate: Float?

  @Option(help: "Score so many test images (default: all).")
  var images: Int?

  @Option(help: "Decides subnets, first weights and resamples (default: the run's seed).")
  var seed: UInt64?

  @Option(
    name: .customLong("output"),
    help: ArgumentHelp("The folder of the ranking (default: RUN/rank).", valueName: "folder"),
    completion: .directory)
  var folder: String?

  @Flag(help: "Go on with the ranking that is there.")
  var resume = false

  @Flag(help: "Replace the ranking that is there.")
  var force = false

  @Flag(help: "Show no progress.")
  var quiet = false

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if resume, force { throw ValidationError("--resume and --force exclude each other.") }
  }

  func run() throws {
    compute.apply()
    SignalGuard.install()
    let run = RunPaths(runFolder)
    let trained = try TrainedSupernet(run)
    let paths = RankPaths(folder ?? "\(run.root)/rank")
    let ranking = try RankRun(
      trained, paths: paths, mode: resume ? .resume : force ? .overwrite : .create,
      style: .automatic(quiet: quiet), change: apply)
    if !quiet { note(opening(ranking.plan)) }
    do {
      let result = try ranking.run()
      output.json ? try printJSON(result) : print(RankTable(result, paths: paths).text)
    } catch let error as KirchhoffError where error.kind == .interrupted {
      throw KirchhoffError(
        .interrupted, subject: error.subject, place: error.place, found: error.found,
        expected: error.expected, hint: "all is saved; to go on: \(goOn)")
    }
  }

  private func apply(_ settings: inout RankSettings) {
    if let subnets { settings.subnets = subnets }
    if let steps { settings.steps = steps }
    if let batchSize { settings.batchSize = batchSize }
    if let learningRate { settings.learningRate = learningRate }
    if let images { settings.images = images }
    if let seed { settings.seed = seed }
  }

  private func opening(_ plan: RankPlan) -> String {
    "ranking \(plan.subnets.count) subnets of \(runFolder), step \(grouped(plan.step)), each alone "
      + "for \(grouped(plan.config.steps)) steps of \(plan.config.batchSize) images, "
      + "\(Threads.count) thread\(Threads.count == 1 ? "" : "s")"
  }

  private var goOn: String {
    "kirchhoff rank \(runFolder)" + (folder.map { " --output \($0)" } ?? "") + " --resume"
  }
}
