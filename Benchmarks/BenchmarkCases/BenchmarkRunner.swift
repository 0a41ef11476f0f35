import CKernels
import Foundation
import Kirchhoff

/// Verifies, then times cases.
///
/// A sample lasts at least a millisecond (short calls are grouped); samples go on for the given
/// seconds. `value` comes from the fastest sample: the code at its best, whatever else the machine
/// is doing, as the peers' scripts do it.
public struct BenchmarkRunner {
  /// Threads in use.
  public let threads: Int
  /// Sampling time of a case.
  public let seconds: Double
  /// Measured GFLOP/s of one core.
  public let peakGigaflops: Double

  /// A runner; measures the machine's peak first.
  public init(threads: Int, seconds: Double) {
    self.threads = threads
    self.seconds = seconds
    Threads.count = threads
    peakGigaflops = MachinePeak.gigaflopsPerCore()
  }

  /// Runs all cases that match a pattern (a part of the name, or a glob); all when there is none.
  ///
  /// - Throws: `KirchhoffError` when nothing matches, or when a case is wrong.
  public func run(patterns: [String], report: (BenchmarkResult) throws -> Void) throws {
    let cases = BenchmarkCatalog.matching(patterns)
    guard !cases.isEmpty else {
      throw KirchhoffError(
        .usage, subject: "bench", found: "no case for \(patterns.joined(separator: ", "))",
        expected: "a part of a case's name", hint: "--list prints all cases")
    }
    for benchmark in cases { try report(measure(benchmark)) }
  }

  private func measure(_ benchmark: BenchmarkCase) throws -> BenchmarkResult {
    Threads.count = threads
    let prepared = try benchmark.prepare()
    let verification = try prepared.verify()
    guard verification.passes else {
      throw KirchhoffError(
        .internalError, subject: "benchmark \(benchmark.name)",
        found: "an error of \(verification.error)", expected: "at most \(verification.tolerance)",
        hint: "a wrong result is not worth timing")
    }
    let samples = sample(prepared.run)
    let minimum = samples[0]
    let median = samples[samples.count / 2]
    let gigaflops = benchmark.operations * 1e-9 / minimum
    return BenchmarkResult(
      name: benchmark.name, threads: threads, medianSeconds: median, minSeconds: minimum,
      unit: benchmark.unit, value: benchmark.work / minimum,
      medianValue: benchmark.work / median, samples: samples.count,
      shareOfPeak: benchmark.operations > 0
        ? gigaflops / (peakGigaflops * Double(threads)) : nil,
      gigabytesPerSecond: benchmark.bytes > 0 ? benchmark.bytes * 1e-9 / minimum : nil,
      error: verification.error, instructionSet: String(cString: kk_isa_name(kk_isa())),
      blasCore: BLAS.coreName)
  }

  /// Seconds of a call, sorted.
  private func sample(_ run: () -> Void) -> [Double] {
    for _ in 0..<3 { run() }
    let single = time(run, repeats: 1)
    let repeats = max(1, min(100_000, Int(1e-3 / max(single, 1e-7))))
    var samples: [Double] = []
    let start = ContinuousClock.now
    while samples.count < 5 || ContinuousClock.now - start < .seconds(seconds) {
      samples.append(time(run, repeats: repeats))
      if ContinuousClock.now - start > .seconds(4 * seconds), samples.count >= 2 { break }
    }
    return samples.sorted()
  }

  private func time(_ run: () -> Void, repeats: Int) -> Double {
    let elapsed = ContinuousClock().measure {
      for _ in 0..<repeats { run() }
    }
    let (seconds, attoseconds) = elapsed.components
    return (Double(seconds) + Double(attoseconds) * 1e-18) / Double(repeats)
  }
}
