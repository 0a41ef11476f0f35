import Analog
import Crossbar
import Datasets
import Foundation
import RunLog
import Runtime
import Supernet

/// LeNet trained four ways over seeds, and moved to other chips: as digital numbers, rounded as devices
/// are, on devices programmed past a threshold, and on devices written at every step
/// (arXiv 2305.14547).
///
/// Every training is a run directory, so that the study goes on where it was stopped.
public struct BulkSwitchingStudy: Sendable {
  /// The trainings of each kind, with seeds from 1.
  public var seeds: Int
  /// Epochs of a training, 400 batches of 64 images each.
  public var epochs = 13
  /// The data set.
  public var data = DatasetSource("mnist")
  /// The chips that each network is moved to.
  public var chips = 10
  /// The folder of the runs.
  public let folder: String

  private static let batchesPerEpoch = 400
  static let rules: [WriteRule] = [.digital, .quantisationAware, .mixedPrecision, .naive]
  private static let transferred: [WriteRule] = [.digital, .quantisationAware, .mixedPrecision]

  /// The paper's settings.
  public init(seeds: Int, folder: String) {
    self.seeds = seeds
    self.folder = folder
  }

  /// Steps of all trainings.
  public var steps: Int { Self.rules.count * seeds * epochs * Self.batchesPerEpoch }

  /// One training.
  public struct Training: Codable, Sendable {
    /// Its seed.
    public var seed: UInt64
    /// What came of it.
    public var result: NetworkResult
    /// What it scores on other chips; nil where it is not moved.
    public var transfer: TrainedNetwork.Transfer?
  }

  /// Trains what is not yet trained, moves the networks, and compares.
  ///
  /// - Parameter progress: Called after every step with the steps taken and what is being trained.
  /// - Throws: `KirchhoffError(.interrupted)` after a signal, with everything saved; `.usage` for a
  ///   folder with trainings of other settings.
  public func run(
    progress: @escaping @Sendable (Int, String) -> Void
  ) throws -> (tables: [StudyTable], curves: [StudyCurve], trainings: [Training]) {
    var trainings: [Training] = []
    var done = 0
    for seed in 1...UInt64(seeds) {
      for rule in Self.rules {
        let before = done
        let result = try result(rule, seed) {
          progress(before + $0, "\(rule.rawValue), seed \(seed)")
        }
        done += result.steps
        progress(done, "\(rule.rawValue), seed \(seed)")
        trainings.append(
          Training(seed: seed, result: result, transfer: try transfer(of: result, seed)))
      }
    }
    return ([trainingTable(trainings), transferTable(trainings)], curves(trainings), trainings)
  }

  /// What the paper leaves open.
  public static let notes = [
    "The paper draws LeNet without activation and pooling (here ReLU and 2 × 2 maxima) and gives no range "
      + "of its converter (here that of its larger networks). It tests 2,560 images; here all.",
    "Programming of the two-bit chip is exact, for the paper gives no error of it; other chips miss their "
      + "targets by half a level, each device by itself.",
  ]

  private func config(_ rule: WriteRule, _ seed: UInt64) -> NetworkConfig {
    var config = NetworkConfig()
    config.rule = rule
    config.seed = seed
    config.data = data
    config.steps = epochs * Self.batchesPerEpoch
    return config
  }

  private func result(
    _ rule: WriteRule, _ seed: UInt64, progress: @escaping @Sendable (Int) -> Void
  ) throws -> NetworkResult {
    try StudyTrainings(folder: folder).result(
      "\(rule.rawValue)-\(seed)", config(rule, seed), remark: "\(epochs) epochs on \(data.name)",
      progress: progress)
  }

  private func transfer(of result: NetworkResult, _ seed: UInt64) throws
    -> TrainedNetwork.Transfer?
  {
    guard chips > 0, Self.transferred.contains(result.rule) else { return nil }
    let trained = try TrainedNetwork(RunPaths(result.run))
    var hardware = trained.hardware
    hardware.device = .named(BulkSwitchingDevice.twoBitTransfer.name)
    return try trained.transfer(
      to: ArrayPlan(hardware), chips: chips, seed: seed, on: trained.data.test
    ) { _ in try SignalGuard.check(saved: "all trainings so far are saved") }
  }
}
