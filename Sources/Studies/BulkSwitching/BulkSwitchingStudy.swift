import Analog
import Datasets
import Foundation
import Supernet

/// LeNet trained three ways over seeds: as digital numbers, on devices programmed past a threshold, and
/// on devices written at every step (arXiv 2305.14547).
public struct BulkSwitchingStudy: Sendable {
  /// Trainings of each kind.
  public var seeds: Int
  /// Epochs of a training.
  public var epochs = 13

  /// The paper's settings.
  public init(seeds: Int) { self.seeds = seeds }

  /// Steps of all trainings.
  public var steps: Int {
    WriteRule.allCases.count * seeds * epochs * settings(.digital, seed: 1).batchesPerEpoch
  }

  /// One training.
  public struct Training: Codable, Hashable, Sendable {
    /// How devices followed it.
    public var rule: WriteRule
    /// Its seed.
    public var seed: UInt64
    /// What came of it.
    public var result: LeNetTraining.Result
  }

  /// Trains and compares.
  ///
  /// - Parameters:
  ///   - data: MNIST.
  ///   - progress: Called after every step with the steps taken and what is being trained.
  public func run(
    on data: DatasetPair, progress: (Int, String) throws -> Void
  ) throws -> (table: StudyTable, trainings: [Training]) {
    var trainings: [Training] = []
    var done = 0
    for seed in 1...UInt64(seeds) {
      for rule in WriteRule.allCases {
        let result = try settings(rule, seed: seed).run(on: data) { step in
          try progress(done + step, "\(rule.rawValue), seed \(seed)")
        }
        done += result.accuracy.count * settings(rule, seed: seed).batchesPerEpoch
        trainings.append(Training(rule: rule, seed: seed, result: result))
      }
    }
    return (table(trainings, data), trainings)
  }

  /// What the paper leaves open.
  public static let notes = [
    "The paper draws LeNet without activation and pooling (here ReLU and 2 × 2 maxima) and gives no range "
      + "of its converter (here that of its larger networks). It tests 2,560 images; here all."
  ]

  private func settings(_ rule: WriteRule, seed: UInt64) -> LeNetTraining {
    var training = LeNetTraining(rule: rule, seed: seed)
    training.epochs = epochs
    return training
  }

  private func table(_ trainings: [Training], _ data: DatasetPair) -> StudyTable {
    func results(_ rule: WriteRule) -> [LeNetTraining.Result] {
      trainings.filter { $0.rule == rule }.map(\.result)
    }
    func accuracy(_ name: String, _ rule: WriteRule, _ paper: String) -> StudyTable.Row {
      let interval = Interval(results(rule).map { 100 * ($0.accuracy.last ?? 0) })
      let half = interval.halfWidth.map { String(format: " ± %.2f", $0) } ?? ""
      return StudyTable.Row(
        name: name, paper: paper, ours: interval.mean,
        text: String(format: "%.2f", interval.mean) + half)
    }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    func writes(_ rule: WriteRule) -> Double {
      mean(results(rule).map { Double($0.writes) / Double($0.weights) })
    }
    let reduction = writes(.naive) / writes(.mixedPrecision)
    let most = mean(results(.mixedPrecision).map { Double($0.mostWrites) })
    func number(_ name: String, _ value: Double, _ paper: String?, _ format: String)
      -> StudyTable.Row
    {
      StudyTable.Row(name: name, paper: paper, ours: value, text: String(format: format, value))
    }
    return StudyTable(
      title:
        "LeNet on \(data.test.name), \(epochs) epochs, seeds 1 to \(seeds) (± is a 95 % interval)",
      rows: [
        accuracy("digital, %", .digital, "98.7"),
        accuracy("mixed precision, %", .mixedPrecision, "97.73"),
        accuracy("naive, %", .naive, "at most 77.8"),
        number("writes a weight, mixed precision", writes(.mixedPrecision), "10.8", "%.1f"),
        number("writes a weight, naive", writes(.naive), nil, "%.0f"),
        number("times fewer writes", reduction, "about 500", "%.0f"),
        number("most writes of a weight, mixed precision", most, nil, "%.0f"),
      ])
  }
}
