import Analog
import Foundation
import Supernet

extension BinaryMemristorStudy {
  func table(_ trainings: [Training]) -> StudyTable {
    func results(_ rule: WriteRule) -> [NetworkResult] {
      trainings.map(\.result).filter { $0.rule == rule }
    }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    let devices = Self.rules.filter(\.writesDevices)
    return StudyTable(
      title:
        "784-200-10 on \(trainings.first?.result.data ?? data.name), \(epochs) epochs, seeds 1 to "
        + "\(seeds) (± is a 95 % interval)",
      rows: Self.rules.map { rule in
        .percent(
          "\(rule.rawValue), %", Interval(results(rule).map(\.accuracy)),
          rule.writesDevices ? "about 90" : nil)
      }
        + devices.map { rule in
          .number(
            "toggles a weight, \(rule.rawValue)", mean(results(rule).map(\.writesOfWeight)), nil,
            "%.2f")
        }
        + devices.map { rule in
          .number(
            "energy of toggling, \(rule.rawValue), nJ",
            1e9
              * mean(
                results(rule).map {
                  2 * Self.assumedJoules * Double($0.evaluations.last?.writes ?? 0)
                }), nil, "%.1f")
        })
  }

  func stuckTable(_ trainings: [Training]) -> StudyTable {
    StudyTable(
      title:
        "With 1 % of devices stuck off and 1 % on, without retraining, % (\(chips) chips a network)",
      rows: Self.rules.filter(\.writesDevices).map { rule in
        let scores = trainings.filter { $0.result.rule == rule }.compactMap(\.stuck?.accuracy.mean)
        return .percent(rule.rawValue, Interval(scores), nil)
      })
  }

  /// Accuracy and toggles over epochs, means over seeds.
  func curves(_ trainings: [Training]) -> [StudyCurve] {
    func line(_ rule: WriteRule, _ value: (NetworkResult, Int) -> Double) -> StudyCurve.Line {
      let results = trainings.map(\.result).filter { $0.rule == rule }
      let points = (0..<epochs).map { epoch in
        let sum = results.reduce(0) { $0 + value($1, epoch) }
        return StudyCurve.Point(x: Double(epoch + 1), y: sum / Double(results.count))
      }
      return StudyCurve.Line(name: rule.rawValue, points: points)
    }
    return [
      StudyCurve(
        title: "Test accuracy, mean over seeds", horizontal: "Epoch", vertical: "Accuracy, %",
        lines: Self.rules.map { line($0) { 100 * $0.evaluations[$1].accuracy } }),
      StudyCurve(
        title: "Toggles so far, mean over seeds", horizontal: "Epoch",
        vertical: "Toggles a weight",
        lines: Self.rules.filter(\.writesDevices).map { rule in
          line(rule) { result, epoch in
            let record = result.evaluations[epoch]
            return Double(record.writes) / Double(record.weights)
          }
        }),
    ]
  }
}
