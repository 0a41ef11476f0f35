import ArgumentParser
import Kirchhoff

/// `kirchhoff study`: published systems, as printed and as computed here.
struct StudyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "study",
    abstract: "Reproduce a published system: printed figures beside ours.",
    discussion: """
      Examples:
        kirchhoff study bulk-switching
        kirchhoff study bulk-switching --seeds 1 --epochs 3 --run runs/short
        kirchhoff study bulk-switching --json
      """)

  /// The studies.
  enum Study: String, CaseIterable, ExpressibleByArgument {
    case bulkSwitching = "bulk-switching"
  }

  @Argument(help: "A study (\(Study.allCases.map(\.rawValue).joined(separator: ", "))).")
  var study: Study

  @Option(
    name: .customLong("run"),
    help: "Where trainings and tables are kept (default: runs/STUDY); a study goes on from there.",
    completion: .directory)
  var runFolder: String?

  @Option(help: "Chips that each trained network is moved to.")
  var chips = 10

  @Option(help: "Trainings of each kind, with seeds from 1; 0 for the tables that need none.")
  var seeds = 5

  @Option(help: "Epochs of a training (default: the paper's).")
  var epochs: Int?

  @Option(help: "Other data than the paper's: a name or path.")
  var data: String?

  @Flag(help: "Show no progress.")
  var quiet = false

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if !(0...1000).contains(seeds) {
      throw ValidationError("--seeds is \(seeds); it has to be 0 to 1000.")
    }
    if !(0...10_000).contains(chips) {
      throw ValidationError("--chips is \(chips); it has to be 0 to 10000.")
    }
    if let epochs, !(1...10_000).contains(epochs) {
      throw ValidationError("--epochs is \(epochs); it has to be 1 to 10000.")
    }
  }

  func run() throws {
    compute.apply()
    SignalGuard.install()
    switch study {
    case .bulkSwitching:
      let report = try bulkSwitching()
      output.json ? try printJSON(report) : print(report.text)
      if !quiet {
        note("saved in \(runFolder ?? Self.folder(study)): study.txt, study.json, study.html")
      }
    }
  }

  private static func folder(_ study: Study) -> String { "runs/\(study.rawValue)" }

  private func bulkSwitching() throws -> StudyReport {
    var report = StudyReport(
      title: "Bulk-switching memristors (arXiv 2305.14547)",
      tables: try BulkSwitchingMapping.tables(), notes: BulkSwitchingMapping.notes)
    let folder = runFolder ?? Self.folder(study)
    if seeds > 0 {
      var study = BulkSwitchingStudy(seeds: seeds, folder: folder)
      if let epochs { study.epochs = epochs }
      if let data { study.data = DatasetSource(data) }
      study.chips = chips
      let bar = ProgressBar(
        total: study.steps, unit: .items("steps"), style: .automatic(quiet: quiet))
      let trained = try study.run { step, phase in bar.update(step: step, phase: phase) }
      bar.finish()
      report.tables += trained.tables
      report.curves = trained.curves
      report.notes += BulkSwitchingStudy.notes
      report.trainings = trained.trainings
    }
    try report.save(to: folder)
    return report
  }
}
