import Foundation
import Supernet

extension StudyTable.Row {
  /// A mean over seeds in per cent, with its interval.
  static func percent(_ name: String, _ interval: Interval, _ paper: String?) -> StudyTable.Row {
    let half = interval.halfWidth.map { String(format: " ± %.2f", 100 * $0) } ?? ""
    return StudyTable.Row(
      name: name, paper: paper, ours: 100 * interval.mean,
      text: String(format: "%.2f", 100 * interval.mean) + half)
  }

  /// A number in a format.
  static func number(
    _ name: String, _ value: Double, _ paper: String?, _ format: String
  ) -> StudyTable.Row {
    StudyTable.Row(name: name, paper: paper, ours: value, text: String(format: format, value))
  }
}
