import ArgumentParser
import Kirchhoff

/// The command `kirchhoff`.
@main
struct KirchhoffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kirchhoff",
    abstract: "Train weight-sharing supernets of CNN and transformer blocks on a CPU.",
    discussion: """
      Examples:
        kirchhoff doctor              what this machine has and lacks
        kirchhoff train mini          train a small supernet on Fashion-MNIST
        kirchhoff evaluate runs/one   score its subnets
        kirchhoff space nasvit        what a search space holds
        kirchhoff data list           the data sets and where they are

      Every command takes --help, with examples. Results go to standard output (as JSON with --json), \
      progress, warnings and errors to standard error.

      Exit codes:
      \(ExitCodes.list)
      """,
    version: "kirchhoff \(version)",
    subcommands: [
      TrainCommand.self, EvaluateCommand.self, ExtractCommand.self, RankCommand.self,
      CompareCommand.self, SpaceCommand.self, CrossbarCommand.self, DataCommand.self,
      StudyCommand.self, BenchCommand.self, DoctorCommand.self,
    ])

  /// The version of the package.
  static let version = "0.1.0"

  /// Parses and runs; every error leaves through `Failure.exit`.
  static func main() {
    Signals.unblock()
    do {
      try Failure.checkCommandName(CommandLine.arguments.dropFirst().first)
      var command = try parseAsRoot()
      try command.run()
    } catch {
      Failure.exit(error)
    }
  }
}
