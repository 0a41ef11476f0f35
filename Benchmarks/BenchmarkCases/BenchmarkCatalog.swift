import Foundation

/// All cases.
public enum BenchmarkCatalog {
  /// In the order in which they run.
  public static let all: [BenchmarkCase] =
    MatrixCases.all + ConvolutionCases.all + AttentionCases.all + ElementwiseCases.all
    + OptimizerCases.all + TapeCases.all + SupernetCases.all + CrossbarCases.all

  /// The cases whose name contains one of the patterns or matches it as a glob; all for no pattern.
  public static func matching(_ patterns: [String]) -> [BenchmarkCase] {
    guard !patterns.isEmpty else { return all }
    return all.filter { benchmark in
      patterns.contains { pattern in
        benchmark.name.contains(pattern) || fnmatch(pattern, benchmark.name, 0) == 0
      }
    }
  }
}
