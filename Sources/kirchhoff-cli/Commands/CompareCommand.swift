import ArgumentParser
import Kirchhoff

/// `kirchhoff compare`: finished runs side by side.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare finished runs, over seeds where there are several.",
    discussion: """
      Runs that differ in nothing but the seed make one group, shown as mean ± half of the 95 % \
      interval. Each group is compared with the first one, seed by seed; a star marks a difference \
      whose interval leaves zero out. Conflict is that of the last phase.

      Examples:
        kirchhoff compare runs/joint runs/cnn-first
        kirchhoff compare runs/phases/*
        kirchhoff compare runs/phases/* --json
      """)

  @Argument(help: "Run directories; those of the baseline first.", completion: .directory)
  var runs: [String]

  @OptionGroup var output: OutputOptions

  func run() throws {
    let comparison = try RunComparison(runs: runs.map { RunPaths($0) })
    output.json ? try printJSON(comparison) : print(ComparisonReport(comparison).text)
  }
}
