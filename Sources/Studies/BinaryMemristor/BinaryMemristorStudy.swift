import Analog
import Crossbar
import Datasets
import Foundation
import RunLog
import Runtime
import Supernet

/// A perceptron with weights of two states, trained by back-propagation with four rules of toggling
/// (Krestinskaya & James, IEEE-NANO 2018, arXiv 1808.00737).
///
/// Every training is a run directory, so that the study goes on where it was stopped.
public struct BinaryMemristorStudy: Sendable {
  /// The trainings of each kind, with seeds from 1.
  public var seeds: Int
  /// Epochs of a training.
  public var epochs = 4
  /// The data set.
  public var data = DatasetSource("mnist")
  /// The chips with stuck devices that each network is moved to.
  public var chips = 10
  /// The folder of the runs.
  public let folder: String

  static let rules: [WriteRule] = [
    .digital, .binaryShadow, .binaryThreshold, .binaryStochastic, .binaryTop,
  ]
  /// What the energy of writing is told at: no source gives one for this device.
  static let assumedJoules = 1e-12

  /// Four epochs of MNIST.
  public init(seeds: Int, folder: String) {
    self.seeds = seeds
    self.folder = folder
  }

  /// One training.
  public struct Training: Codable, Sendable {
    /// Its seed.
    public var seed: UInt64
    /// What came of it.
    public var result: NetworkResult
    /// What it scores where 1 % of devices are stuck off, and 1 % on; nil without devices.
    public var stuck: TrainedNetwork.Transfer?
  }

  /// Steps of all trainings.
  ///
  /// - Throws: `KirchhoffError` for what is wrong with the data.
  public func steps() throws -> Int { try Self.rules.count * seeds * epochs * stepsOfEpoch() }

  private func stepsOfEpoch() throws -> Int {
    max(try DatasetRegistry.standard().load(data).training.count / 64, 1)
  }

  /// Trains what is not yet trained, moves the networks to chips with stuck devices, and compares.
  ///
  /// - Parameter progress: Called after every step with the steps taken and what is trained.
  /// - Throws: `KirchhoffError(.interrupted)` after a signal, with everything saved; `.usage` for a
  ///   folder with trainings of other settings.
  public func run(
    progress: @escaping @Sendable (Int, String) -> Void
  ) throws -> (tables: [StudyTable], curves: [StudyCurve], trainings: [Training]) {
    let stepsOfEpoch = try stepsOfEpoch()
    var trainings: [Training] = []
    var done = 0
    for seed in 1...UInt64(seeds) {
      for rule in Self.rules {
        let before = done
        let config = config(rule, seed, stepsOfEpoch: stepsOfEpoch)
        let result = try StudyTrainings(folder: folder).result(
          "\(rule.rawValue)-\(seed)", config, remark: "\(epochs) epochs on \(data.name)"
        ) { progress(before + $0, "\(rule.rawValue), seed \(seed)") }
        done += result.steps
        trainings.append(
          Training(seed: seed, result: result, stuck: try stuck(result, seed)))
        progress(done, "\(rule.rawValue), seed \(seed)")
      }
    }
    return ([table(trainings), stuckTable(trainings)], curves(trainings), trainings)
  }

  /// What the paper leaves open.
  public static let notes = [
    "The paper's abstract gives neither network nor rule, device or energy. Here: 784-200-10 with ReLU, weights ±s in both layers with s² = 2 "
      + "over the inputs, full-precision biases, plain SGD at a rate of 0.1 (a cosine to 0), batches of 64, exact two-state devices and "
      + "converters.",
    "shadow: a device is the sign of a digital weight; threshold: it toggles when updates that added up pass s; stochastic: it toggles by "
      + "chance in proportion to an update; top: where an update is among the thousandth of a layer's largest, fewer as the rate falls. The last two keep no state.",
    "Energy is that of toggling both devices of a pair at an assumed 1 pJ a device.",
  ]

  private func config(_ rule: WriteRule, _ seed: UInt64, stepsOfEpoch: Int) -> NetworkConfig {
    guard var config = NetworkConfig.presets.first(where: { $0.name == "binary" })?.config else {
      preconditionFailure("the preset binary")
    }
    config.rule = rule
    config.seed = seed
    config.data = data
    config.steps = epochs * stepsOfEpoch
    config.evaluation.every = stepsOfEpoch
    config.checkpointEvery = stepsOfEpoch
    return config
  }

  private func stuck(_ result: NetworkResult, _ seed: UInt64) throws -> TrainedNetwork.Transfer? {
    guard chips > 0, result.rule.writesDevices else { return nil }
    let trained = try TrainedNetwork(RunPaths(result.run))
    var hardware = trained.hardware
    hardware.stuck = StuckDevices(off: 0.01, on: 0.01)
    return try trained.transfer(
      to: ArrayPlan(hardware), chips: chips, seed: seed, on: trained.data.test
    ) { _ in try SignalGuard.check(saved: "all trainings so far are saved") }
  }
}
