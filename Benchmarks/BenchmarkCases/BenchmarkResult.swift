import Foundation

/// One measured case: a JSON line with the fields of the peers' scripts and a few more.
public struct BenchmarkResult: Codable, Sendable {
  /// The case.
  public var name: String
  /// Threads in use.
  public var threads: Int
  /// Median seconds of a call.
  public var medianSeconds: Double
  /// Seconds of the fastest call.
  public var minSeconds: Double
  /// The unit of `value`.
  public var unit: String
  /// Work over the fastest call.
  public var value: Double
  /// Work over the median call.
  public var medianValue: Double
  /// Samples.
  public var samples: Int
  /// GFLOP/s over the measured peak of as many cores; nil where memory is the limit.
  public var shareOfPeak: Double?
  /// GB/s that have to move; nil where arithmetic is the limit.
  public var gigabytesPerSecond: Double?
  /// The error that verification found.
  public var error: Double
  /// The instruction set.
  public var instructionSet: String
  /// The core that OpenBLAS chose.
  public var blasCore: String

  private enum CodingKeys: String, CodingKey {
    case name = "case"
    case threads
    case medianSeconds = "median_s"
    case minSeconds = "min_s"
    case unit, value
    case medianValue = "value_median"
    case samples = "n"
    case shareOfPeak = "share_of_peak"
    case gigabytesPerSecond = "gb_per_s"
    case error
    case instructionSet = "isa"
    case blasCore = "blas_core"
  }

  /// The result as one JSON line.
  public var jsonLine: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}
