import ArgumentParser
import Kirchhoff

/// `kirchhoff train`: from a config to a run directory.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a supernet, or a network on arrays.",
    discussion: """
      A run directory holds the config as resolved, the machine, metrics as JSON lines, checkpoints, \
      the result and report.html. Ctrl-C saves and stops; --resume goes on, bit for bit as if \
      nothing had happened.

      Examples:
        kirchhoff train mini
        kirchhoff train mini --steps 300 --seed 2 --run runs/short
        kirchhoff train --run runs/short --resume
        kirchhoff train compact --set data=cifar10 --set batchSize=64
        kirchhoff train mine.yaml --threads 1 --json > result.json
        kirchhoff train mini --show-config > mine.yaml
        kirchhoff train lenet
        kirchhoff train lenet --crossbar bulk-switching --rule mixed-precision
      """)

  @OptionGroup var config: ConfigOptions

  @Option(
    name: .customLong("run"), help: "The run directory (default: runs/NAME-DATE-TIME).",
    completion: .directory)
  var runFolder: String?

  @Flag(help: "Go on with the run in --run from its last checkpoint.")
  var resume = false

  @Flag(help: "Replace the run in --run.")
  var force = false

  @Option(help: "Stop after this step with a checkpoint; --resume goes on.")
  var stopAfter: Int?

  @Flag(help: "Print the config as resolved and train nothing.")
  var showConfig = false

  @Flag(help: "Show no progress.")
  var quiet = false

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if resume, runFolder == nil { throw ValidationError("--resume needs the run: --run DIR.") }
    if resume, force { throw ValidationError("--resume and --force exclude each other.") }
    if let stopAfter, stopAfter < 1 {
      throw ValidationError("--stop-after is \(stopAfter); it has to be at least 1.")
    }
  }

  func run() throws {
    let paths = runFolder.map { RunPaths($0) } ?? RunPaths.fresh(preset: config.name)
    let isNetwork =
      resume ? NetworkConfig.recognises(paths.config) : config.namesNetwork
    try isNetwork ? train(NetworkRun.self, paths) : train(TrainingRun.self, paths)
  }

  private func train<Run: TrainableRun>(_ kind: Run.Type, _ paths: RunPaths) throws {
    let config = resume ? try resumedConfig(kind, paths) : try self.config.load(kind.loader)
    if showConfig { return print(try ConfigYAML.text(config), terminator: "") }
    compute.apply()
    // Fails as the training would, before the run that it replaces is removed.
    if force, paths.hasRun { try kind.preflight(config) }
    SignalGuard.install()
    let training = try open(kind, paths, config)
    if !quiet {
      note(
        "\(resume ? "resuming" : "training") \(kind.summary(config)), "
          + "\(Threads.count) thread\(Threads.count == 1 ? "" : "s"), run \(paths.root)")
    }
    do {
      if let result = try training.run() {
        output.json ? try printJSON(result) : print(kind.text(result, paths: paths))
      } else if !quiet {
        note("stopped after step \(stopAfter ?? 0); \(goOn(paths))")
      }
    } catch let error as KirchhoffError where error.kind == .interrupted {
      throw KirchhoffError(
        .interrupted, subject: error.subject, place: error.place, found: error.found,
        expected: error.expected, hint: "all is saved; \(goOn(paths))")
    }
  }

  /// Opens the run directory and prepares the training; leaves nothing behind where that fails.
  private func open<Run: TrainableRun>(
    _ kind: Run.Type, _ paths: RunPaths, _ config: Run.Config
  ) throws -> Run {
    let fresh = FreshFolder(
      paths.root, ownFiles: [paths.lock].map { String($0.dropFirst(paths.root.count + 1)) })
    do {
      let directory = try RunDirectory(
        paths, mode: resume ? .resume : force ? .overwrite : .create)
      var options = TrainingRun.Options()
      options.stopAfter = stopAfter
      options.progress = .automatic(quiet: quiet)
      return try Run(config, directory: directory, resume: resume, options: options)
    } catch {
      fresh.remove()
      throw error
    }
  }

  private func goOn(_ paths: RunPaths) -> String {
    "to go on: kirchhoff train --run \(paths.root) --resume"
  }

  /// The config of the run that is there; one that is given as well has to be the same.
  private func resumedConfig<Run: TrainableRun>(
    _ kind: Run.Type, _ paths: RunPaths
  ) throws -> Run.Config {
    guard paths.hasRun else {
      throw KirchhoffError(
        .usage, subject: paths.root, found: "no run", expected: "a run to resume",
        hint: "leave --resume out to begin one")
    }
    let saved = try kind.loader.load(paths.config)
    guard !config.isEmpty else { return saved }
    let given = try config.load(kind.loader)
    if given == saved { return saved }
    let difference = zip(
      try ConfigYAML.text(given).split(separator: "\n"),
      try ConfigYAML.text(saved).split(separator: "\n")
    ).first { $0 != $1 }
    throw KirchhoffError(
      .usage, subject: paths.config, found: difference.map { "\"\($1)\"" },
      expected: difference.map { "\"\($0)\", as asked for now" },
      hint: "a run goes on with the config it began with: leave the config out")
  }
}
