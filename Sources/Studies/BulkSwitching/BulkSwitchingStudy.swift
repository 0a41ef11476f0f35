import Analog
import Crossbar
import Datasets
import Foundation
import RunLog
import Runtime
import Supernet

/// LeNet trained in all ways of `BulkSwitchingMethod` over seeds, and moved to other chips (arXiv 2305.14547).
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

  /// The paper's settings.
  public init(seeds: Int, folder: String) {
    self.seeds = seeds
    self.folder = folder
  }

  /// Steps of all trainings.
  public var steps: Int {
    BulkSwitchingMethod.allCases.count * seeds * epochs * Self.batchesPerEpoch
  }

  /// One training.
  public struct Training: Codable, Sendable {
    /// How it was trained.
    public var method: BulkSwitchingMethod
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
      for method in BulkSwitchingMethod.allCases {
        let before = done
        let phase = "\(method.title), seed \(seed)"
        let result = try result(method, seed) { progress(before + $0, phase) }
        done += result.steps
        progress(done, phase)
        trainings.append(
          Training(
            method: method, seed: seed, result: result,
            transfer: method.isMoved ? try transfer(of: result, seed) : nil))
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
    "The paper draws noise of weights anew at every pass in training and gives no size of it for LeNet; "
      + "with noise, it is half a level here.",
  ]

  private func config(_ method: BulkSwitchingMethod, _ seed: UInt64) -> NetworkConfig {
    var config = NetworkConfig()
    config.rule = method.rule
    config.weightNoise = method.weightNoise
    config.seed = seed
    config.data = data
    config.steps = epochs * Self.batchesPerEpoch
    return config
  }

  private func result(
    _ method: BulkSwitchingMethod, _ seed: UInt64, progress: @escaping @Sendable (Int) -> Void
  ) throws -> NetworkResult {
    try StudyTrainings(folder: folder).result(
      "\(method.rawValue)-\(seed)", config(method, seed),
      remark: "\(epochs) epochs on \(data.name)",
      progress: progress)
  }

  private func transfer(of result: NetworkResult, _ seed: UInt64) throws
    -> TrainedNetwork.Transfer?
  {
    guard chips > 0 else { return nil }
    let trained = try TrainedNetwork(RunPaths(result.run))
    var hardware = trained.hardware
    hardware.device = .named(BulkSwitchingDevice.twoBitTransfer.name)
    return try trained.transfer(
      to: ArrayPlan(hardware), chips: chips, seed: seed, on: trained.data.test
    ) { _ in try SignalGuard.check(saved: "all trainings so far are saved") }
  }
}
