import ArgumentParser
import Kirchhoff

/// How batch norms get their statistics before a subnet is used.
struct CalibrationOptions: ParsableArguments {
  @Option(
    help: """
      How the statistics of batches become one: \
      \(CalibrationConvention.allCases.map(\.rawValue).joined(separator: ", ")) (default: the run's).
      """,
    completion: .list(CalibrationConvention.allCases.map(\.rawValue)))
  var convention: CalibrationConvention?

  @Option(help: "Training batches to calibrate on (default: the run's).")
  var batches: Int?

  @Option(help: "Images of such a batch (default: the run's).")
  var batchSize: Int?

  /// Whether anything was asked for.
  var isEmpty: Bool { convention == nil && batches == nil && batchSize == nil }

  func validate() throws {
    if let batches, !(1...100_000).contains(batches) {
      throw ValidationError("--batches is \(batches); it has to be 1 to 100000.")
    }
    if let batchSize, !(2...65_536).contains(batchSize) {
      throw ValidationError("--batch-size is \(batchSize); it has to be 2 to 65536.")
    }
  }

  /// The run's calibration with what was asked for.
  func applied(to calibration: TrainingConfig.Calibration) -> TrainingConfig.Calibration {
    var calibration = calibration
    if let convention { calibration.convention = convention }
    if let batches { calibration.batches = batches }
    if let batchSize { calibration.batchSize = batchSize }
    return calibration
  }
}

extension CalibrationConvention: ExpressibleByArgument {}
