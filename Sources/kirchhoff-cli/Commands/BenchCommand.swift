import ArgumentParser
import BenchmarkCases
import Foundation
import Kirchhoff

/// `kirchhoff bench`: measure the hot paths.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Verify and time the hot paths.",
    discussion: """
      Each case checks its result before it is timed. A value comes from the fastest call; the share \
      is that of the multiply-add peak measured in the same run. With --json every case is one JSON \
      line.

      Examples:
        kirchhoff bench --list
        kirchhoff bench gemm --threads 1
        kirchhoff bench 'conv.dw3x3*' softmax --seconds 1
        kirchhoff bench --json --save before.jsonl
        kirchhoff bench --baseline before.jsonl
        kirchhoff bench mha --baseline torch.jsonl

      --baseline takes what --save wrote, or JSON lines of another library with the fields case, \
      threads and value (`torch.mha.sdpa.b64.t64.d128.h4.f32.fwd`); the fastest variant counts.
      """)

  @Argument(
    help: "Parts of case names, or globs (default: all cases).",
    completion: .list(BenchmarkCatalog.all.map(\.name)))
  var cases: [String] = []

  @Flag(help: "List the cases and measure nothing.")
  var list = false

  @Option(help: "Seconds to sample each case.")
  var seconds = 0.5

  @Option(
    help: ArgumentHelp("Compare with the results saved in a file.", valueName: "file"),
    completion: .file(extensions: ["jsonl"]))
  var baseline: String?

  @Option(
    help: ArgumentHelp("Save the results as JSON lines.", valueName: "file"),
    completion: .file(extensions: ["jsonl"]))
  var save: String?

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if !(seconds > 0 && seconds <= 600) {
      throw ValidationError("--seconds is \(seconds); it has to be above 0 and at most 600.")
    }
  }

  func run() throws {
    for pattern in cases where BenchmarkCatalog.matching([pattern]).isEmpty {
      throw unknown(pattern)
    }
    let names = BenchmarkCatalog.matching(cases).map(\.name)
    if list { return output.json ? try printJSON(names) : print(names.joined(separator: "\n")) }
    let baseline = try self.baseline.map { try Self.read($0) }
    compute.apply()
    SignalGuard.install()
    let runner = BenchmarkRunner(threads: Threads.count, seconds: seconds)
    let lines = BenchmarkLines(names: names, baseline: baseline)
    if !output.json { print(lines.heading(runner)) }
    var results: [BenchmarkResult] = []
    let outcome = Result {
      try runner.run(patterns: cases) { result in
        results.append(result)
        print(output.json ? result.jsonLine : lines.text(result))
        fflush(nil)
        try SignalGuard.check(saved: save.map { "what was measured is in \($0)" })
      }
    }
    if let save {
      let text = results.map { $0.jsonLine + "\n" }.joined()
      try AtomicFile.write(Data(text.utf8), to: save)
    }
    try outcome.get()
  }

  private static func read(_ path: String) throws -> BenchmarkBaseline {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw KirchhoffError(
        .io, subject: path, found: "no readable file", expected: "results written with --save")
    }
    let baseline = BenchmarkBaseline(jsonLines: text)
    guard !baseline.isEmpty else {
      throw KirchhoffError(
        .io, subject: path, found: "no results",
        expected: "JSON lines with the fields case, threads and value")
    }
    return baseline
  }

  /// Suggests the nearest beginning of a name, such as `softmax`.
  private func unknown(_ pattern: String) -> KirchhoffError {
    let words = Set(
      BenchmarkCatalog.all.flatMap { $0.name.split(separator: ".").map(String.init) })
    return KirchhoffError(
      .usage, subject: "bench", found: "no case with \"\(pattern)\"",
      expected: "a part of a case's name, or a glob",
      hint: nearest(pattern, in: words.sorted()).map { "did you mean \($0)?" }
        ?? "--list prints all cases")
  }
}
