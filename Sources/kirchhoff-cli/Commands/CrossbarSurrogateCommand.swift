import ArgumentParser
import Foundation
import Kirchhoff

/// `kirchhoff crossbar surrogate`: a learned stand-in for arrays of non-linear cells.
struct CrossbarSurrogateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "surrogate",
    abstract: "Learn the currents of arrays of non-linear cells from solved networks.",
    discussion: """
      Cells are I = G·V₀·sinh(V/V₀) behind resistive lines (GENIEx). Errors are on networks that were not \
      learned from, beside those of linear cells and of ideal ones.

      Examples:
        kirchhoff crossbar surrogate --size 16
        kirchhoff crossbar surrogate --size 32 --save surrogate.safetensors --json
      """)

  @Option(help: "Rows and columns of an array.")
  var size = 16

  @Option(help: "Networks to learn from (default: 60000, or 40000 of more than 16 rows).")
  var samples: Int?

  @Option(help: "Passes over them.")
  var epochs: Int?

  @Option(help: "The seed of networks and first weights.")
  var seed: UInt64 = 1

  @Option(help: "Write the surrogate to this safetensors file.", completion: .file())
  var save: String?

  @Flag(help: "Show no progress.")
  var quiet = false

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if !(2...128).contains(size) {
      throw ValidationError("--size is \(size); it has to be 2 to 128.")
    }
    if let samples, !(1...10_000_000).contains(samples) {
      throw ValidationError("--samples is \(samples); it has to be 1 to 10000000.")
    }
    if let epochs, !(1...100_000).contains(epochs) {
      throw ValidationError("--epochs is \(epochs); it has to be 1 to 100000.")
    }
  }

  func run() throws {
    compute.apply()
    SignalGuard.install()
    var training = SurrogateTraining(side: size, seed: seed)
    if let samples { training.samples = samples }
    if let epochs { training.epochs = epochs }
    let bar = ProgressBar(
      total: training.steps, unit: .items("steps"), style: .automatic(quiet: quiet))
    let (surrogate, report) = try training.run { step, phase in
      bar.update(step: step, phase: phase)
      try SignalGuard.check(saved: "nothing is saved before the end")
    }
    bar.finish()
    if let save { try surrogate.write(to: save) }
    output.json ? try printJSON(report) : print(Self.text(report))
  }

  private static func text(_ report: SurrogateTraining.Report) -> String {
    var table = Table(("", .left), ("error", .right), ("of the surrogate's", .right))
    for (name, error) in [
      ("surrogate", report.surrogateError), ("linear cells, lines solved", report.linearError),
      ("ideal cells times a factor", report.scaledError),
    ] {
      table.add(
        name, String(format: "%.3f %%", 100 * error),
        String(format: "%.1f ×", error / report.surrogateError))
    }
    return """
      \(report.side) × \(report.side) cells, learned from \(grouped(report.samples)) networks; ideal over real \
      current \(String(format: "%.3f to %.3f", report.shares[0], report.shares[1]))
      solving \(duration(report.solvingSeconds)), learning \(duration(report.learningSeconds))

      \(table.text(indent: 2))
      """
  }
}
