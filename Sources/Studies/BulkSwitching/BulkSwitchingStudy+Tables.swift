import Analog
import Foundation
import Supernet

extension BulkSwitchingStudy {
  func trainingTable(_ trainings: [Training]) -> StudyTable {
    func results(_ method: BulkSwitchingMethod) -> [NetworkResult] {
      trainings.filter { $0.method == method }.map(\.result)
    }
    func accuracy(_ method: BulkSwitchingMethod, _ paper: String?) -> StudyTable.Row {
      StudyTable.Row.percent(
        "\(method.title), %", Interval(results(method).map(\.accuracy)), paper)
    }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    func writes(_ method: BulkSwitchingMethod) -> Double {
      mean(results(method).map(\.writesOfWeight))
    }
    let most = mean(results(.mixedPrecision).map { Double($0.mostWrites) })
    let seconds = mean(results(.mixedPrecision).map(\.seconds))
    return StudyTable(
      title:
        "LeNet on \(trainings.first?.result.data ?? data.name), \(epochs) epochs, seeds 1 to "
        + "\(seeds) (± is a 95 % interval)",
      rows: [
        accuracy(.digital, "98.7"), accuracy(.quantisationAware, nil),
        accuracy(.mixedPrecision, "97.73"), accuracy(.noisyMixedPrecision, nil),
        accuracy(.naive, "at most 77.8"),
        StudyTable.Row.number(
          "writes a weight, mixed precision", writes(.mixedPrecision), "10.8", "%.1f"),
        StudyTable.Row.number("writes a weight, naive", writes(.naive), nil, "%.0f"),
        StudyTable.Row.number(
          "times fewer writes", writes(.naive) / writes(.mixedPrecision), "about 500", "%.0f"),
        StudyTable.Row.number("most writes of a weight, mixed precision", most, nil, "%.0f"),
        StudyTable.Row.number("seconds of a training, mixed precision", seconds, nil, "%.1f"),
      ])
  }

  func transferTable(_ trainings: [Training]) -> StudyTable {
    func row(_ method: BulkSwitchingMethod, _ paper: String) -> StudyTable.Row {
      let changes = trainings.filter { $0.method == method }.compactMap(\.transfer?.change.mean)
      return StudyTable.Row.percent(method.title, Interval(changes), paper)
    }
    return StudyTable(
      title:
        "Change of accuracy on other chips that miss their targets by half a level, without retraining, "
        + "points (\(chips) chips a network)",
      rows: [
        row(.digital, "severe loss"), row(.quantisationAware, "severe loss"),
        row(.mixedPrecision, "negligible loss"), row(.noisyMixedPrecision, "negligible loss"),
      ])
  }

  /// Accuracy and writes over epochs, means over seeds.
  func curves(_ trainings: [Training]) -> [StudyCurve] {
    func line(
      _ method: BulkSwitchingMethod, _ value: (NetworkResult, Int) -> Double
    ) -> StudyCurve.Line {
      let results = trainings.filter { $0.method == method }.map(\.result)
      let points = (0..<epochs).map { epoch in
        let sum = results.reduce(0) { $0 + value($1, epoch) }
        return StudyCurve.Point(x: Double(epoch + 1), y: sum / Double(results.count))
      }
      return StudyCurve.Line(name: method.title, points: points)
    }
    func writes(_ result: NetworkResult, _ epoch: Int) -> Double {
      let before = epoch == 0 ? 0 : result.evaluations[epoch - 1].writes
      let record = result.evaluations[epoch]
      return Double(record.writes - before) / Double(record.weights)
    }
    return [
      StudyCurve(
        title: "Test accuracy, mean over seeds", horizontal: "Epoch", vertical: "Accuracy, %",
        lines: BulkSwitchingMethod.allCases.map { line($0) { 100 * $0.evaluations[$1].accuracy } }),
      StudyCurve(
        title: "Writes of mixed precision, mean over seeds", horizontal: "Epoch",
        vertical: "Writes a weight", lines: [line(.mixedPrecision, writes)]),
    ]
  }
}
