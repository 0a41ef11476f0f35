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
        kirchhoff study in-memory-updates
        kirchhoff study binary-memristor
      """)

  /// The studies.
  enum Study: String, CaseIterable, ExpressibleByArgument {
    case bulkSwitching = "bulk-switching"
    case inMemoryUpdates = "in-memory-updates"
    case binaryMemristor = "binary-memristor"
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

  @Option(
    help: """
      Trainings of each kind, with seeds from 1; 0 for the tables that need none (default: the study's).
      """)
  var seeds: Int?

  @Option(help: "Examples that an array of in-memory-updates learns from.")
  var examples: Int?

  @Option(help: "Epochs of a training (default: the paper's).")
  var epochs: Int?

  @Option(help: "Other data than the paper's: a name or path.")
  var data: String?

  @Flag(help: "Show no progress.")
  var quiet = false

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let seeds, !(0...1000).contains(seeds) {
      throw ValidationError("--seeds is \(seeds); it has to be 0 to 1000.")
    }
    if !(0...10_000).contains(chips) {
      throw ValidationError("--chips is \(chips); it has to be 0 to 10000.")
    }
    if let examples, !(1...100_000_000).contains(examples) {
      throw ValidationError("--examples is \(examples); it has to be 1 to 100000000.")
    }
    if study == .inMemoryUpdates {
      if epochs != nil || data != nil {
        throw ValidationError("in-memory-updates has no data set and no epochs.")
      }
    } else if examples != nil {
      throw ValidationError("--examples belongs to in-memory-updates.")
    }
    if seeds == 0, study != .bulkSwitching {
      throw ValidationError("--seeds is 0; \(study.rawValue) needs one at least.")
    }
    if let epochs, !(1...10_000).contains(epochs) {
      throw ValidationError("--epochs is \(epochs); it has to be 1 to 10000.")
    }
  }

  func run() throws {
    compute.apply()
    SignalGuard.install()
    let folder = runFolder ?? "runs/\(study.rawValue)"
    let report =
      switch study {
      case .bulkSwitching: try bulkSwitching(in: folder)
      case .inMemoryUpdates: try inMemoryUpdates()
      case .binaryMemristor: try binaryMemristor(in: folder)
      }
    try report.save(to: folder)
    output.json ? try printJSON(report) : print(report.text)
    if !quiet { note("saved in \(folder): study.txt, study.json, study.html") }
  }

  private func inMemoryUpdates() throws -> StudyReport {
    var study = InMemoryUpdatesStudy()
    if let seeds { study.seeds = seeds }
    if let examples { study.examples = examples }
    let bar = ProgressBar(
      total: study.arrays, unit: .items("arrays"), style: .automatic(quiet: quiet))
    let (tables, curves) = try study.run { done, method in
      bar.update(step: done, phase: method)
      try SignalGuard.check(saved: "nothing is saved before the tables")
    }
    bar.finish()
    return StudyReport(
      title: "Updates in memory (Nature Communications 15:7133)", tables: tables, curves: curves,
      notes: InMemoryUpdatesStudy.notes)
  }

  private func binaryMemristor(in folder: String) throws -> StudyReport {
    var study = BinaryMemristorStudy(seeds: seeds ?? 3, folder: folder)
    if let epochs { study.epochs = epochs }
    if let data { study.data = DatasetSource(data) }
    study.chips = chips
    let bar = ProgressBar(
      total: try study.steps(), unit: .items("steps"), style: .automatic(quiet: quiet))
    let trained = try study.run { step, phase in bar.update(step: step, phase: phase) }
    bar.finish()
    return StudyReport(
      title: "Binary memristive networks (arXiv 1808.00737)", tables: trained.tables,
      curves: trained.curves, notes: BinaryMemristorStudy.notes,
      binaryTrainings: trained.trainings)
  }

  private func bulkSwitching(in folder: String) throws -> StudyReport {
    let seeds = seeds ?? 5
    var report = StudyReport(
      title: "Bulk-switching memristors (arXiv 2305.14547)",
      tables: try BulkSwitchingMapping.tables(), notes: BulkSwitchingMapping.notes)
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
    return report
  }
}
