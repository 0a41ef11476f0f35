import BenchmarkCases
import Kirchhoff

/// Benchmark results as lines that are printed one by one and still align.
struct BenchmarkLines {
  private let width: Int
  private let baseline: BenchmarkBaseline?

  init(names: [String], baseline: BenchmarkBaseline?) {
    width = names.map(\.count).max() ?? 0
    self.baseline = baseline
  }

  /// The machine, and the titles of the columns.
  func heading(_ runner: BenchmarkRunner) -> String {
    let facts = MachineFacts.kernels
    let machine =
      "\(runner.threads) thread\(runner.threads == 1 ? "" : "s"), "
      + "\(facts["instructionSet"] ?? "?") kernels, OpenBLAS \(facts["blasCore"] ?? "?"), "
      + "peak \(fixed(runner.peakGigaflops, 0)) GFLOP/s a core"
    let titles = cells(
      "case", "median", "value", "unit", "share", "GB/s",
      baseline == nil ? "" : "ratio")
    return machine + "\n\n" + titles
  }

  /// One result.
  func text(_ result: BenchmarkResult) -> String {
    let ratio = baseline.map { baseline in
      baseline.ratio(of: result).map { fixed($0, 2) + " ×" } ?? "new"
    }
    return cells(
      result.name, microseconds(result.medianSeconds), significant(result.value), result.unit,
      result.shareOfPeak.map { fixed(100 * $0, 0) + " %" } ?? "",
      result.gigabytesPerSecond.map { fixed($0, 1) } ?? "", ratio ?? "")
  }

  private func cells(
    _ name: String, _ median: String, _ value: String, _ unit: String, _ share: String,
    _ bandwidth: String, _ ratio: String
  ) -> String {
    let line = [
      name.rightPadded(to: width), median.leftPadded(to: 11), value.leftPadded(to: 10),
      unit.rightPadded(to: 9), share.leftPadded(to: 6), bandwidth.leftPadded(to: 7),
      ratio.leftPadded(to: 8),
    ].joined(separator: "  ")
    return line.trimmingEnd()
  }

  private func microseconds(_ seconds: Double) -> String {
    switch seconds {
    case ..<1e-6: "\(fixed(seconds * 1e9, 0)) ns"
    case ..<1e-3: "\(fixed(seconds * 1e6, 1)) µs"
    case ..<1: "\(fixed(seconds * 1e3, 2)) ms"
    default: "\(fixed(seconds, 2)) s"
    }
  }

  private func significant(_ value: Double) -> String {
    switch value {
    case ..<10: fixed(value, 2)
    case ..<1000: fixed(value, 1)
    default: grouped(Int(value.rounded()))
    }
  }
}
