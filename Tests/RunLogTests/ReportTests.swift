import Foundation
import RunLog
import Runtime
import Testing

@Suite struct ReportTests {
  private func html(_ records: [MetricRecord]) throws -> String {
    let folder = try TemporaryFolder()
    let run = try RunDirectory(RunPaths(folder.file("run")))
    let metrics = try run.metrics()
    for record in records { try metrics.append(record) }
    return try Report.html(run.paths)
  }

  @Test func showsAllThatARunHas() throws {
    let folder = try TemporaryFolder()
    try SampleRun.write(to: folder.file("mini-<1>"))
    let html = try folder.text("mini-<1>/report.html")
    for text in [
      "mini-&lt;1&gt;", "Accuracy against cost", "Loss by subnet", "Learning rate", "Speed",
      "Gradient norm", "Accuracy on the way", "Conflict per layer: largest and smallest",
      "Conflict per layer: CNN-only and ViT-heavy", "stage3.block4", "All 24 tensors",
      "learningRate: 0.1", "AVX-512", "1,200 training steps", "prefers-color-scheme: dark",
    ] {
      #expect(html.contains(text), "\(text)")
    }
    // Largest, smallest, 16 sampled, 4 CNN-only, 4 ViT-heavy: in the table and in the scatter plot.
    #expect(html.components(separatedBy: "<td><code>").count - 1 == 26)
    #expect(!html.contains("not finished"))
  }

  /// It must open without a network, and no text of a run may become code.
  @Test func needsNothingFromOutside() throws {
    let evil = "</title><script>alert(1)</script>"
    var records = SampleRun.records()
    records.append(
      .evaluation(
        EvaluationRecord(
          step: 1200, phase: evil, subnet: evil, group: .sampled, family: .hybrid, accuracy: 0.5,
          parameters: 1, macs: 5_000_000, calibrated: true, images: 10)))
    records.append(
      .conflict(
        ConflictRecord(
          step: 1200, phase: evil, tensor: evil, layer: evil, blockKind: evil, pair: evil,
          cosine: 0, negativeShare: 0.5, samples: 1)))
    let html = try html(records)
    #expect(!html.contains("<script"))
    for mark in ["http:", "https:", "src=", "href=", "@import", "url("] {
      #expect(!html.contains(mark), "\(mark)")
    }
  }

  @Test func aRunThatHasJustBegunHasAReport() throws {
    let html = try html([])
    #expect(html.contains("0 training steps"))
    #expect(html.contains("not finished"))
    #expect(!html.contains("<figure>"))
  }

  @Test func lossesThatAreNoNumbersDoNotSpoilIt() throws {
    let records = (1...50).map { step in
      MetricRecord.step(
        StepRecord(
          step: step, phase: "p", losses: ["max": step > 20 ? .nan : 1, "odd": .infinity],
          learningRate: 0, time: MetricTime(seconds: 1, imagesPerSecond: .infinity)))
    }
    let html = try html(records)
    #expect(html.contains("Loss by subnet"))
    #expect(!html.contains("=\"nan") && !html.contains("Mnan") && !html.contains("Linf"))
  }

  @Test func conflictIsWeightedBySamples() throws {
    let folder = try TemporaryFolder()
    let run = try RunDirectory(RunPaths(folder.file("run")))
    let metrics = try run.metrics()
    for (cosine, share, samples) in [(1.0, 0.0, 30), (-1.0, 1.0, 10)] {
      try metrics.append(
        .conflict(
          ConflictRecord(
            step: samples, phase: "p", tensor: "t\(samples)", layer: "l", blockKind: "vit",
            pair: "max|min", cosine: cosine, negativeShare: share, samples: samples)))
    }
    let data = try ReportData(run.paths)
    let cells = data.joinedConflicts(\.layer)
    #expect(cells.count == 1)
    #expect(cells[0].cosine == 0.5)
    #expect(cells[0].negativeShare == 0.25)
    #expect(data.joinedConflicts(\.tensor).map(\.cosine) == [1, -1])
  }

  @Test func onlyTheLastCalibratedEvaluationsCount() throws {
    func record(_ step: Int, _ calibrated: Bool) -> MetricRecord {
      .evaluation(
        EvaluationRecord(
          step: step, phase: "p", subnet: "s\(step)", group: .largest, family: .hybrid,
          accuracy: 0.5, parameters: 1, macs: 1, calibrated: calibrated, images: 1))
    }
    let folder = try TemporaryFolder()
    let run = try RunDirectory(RunPaths(folder.file("run")))
    let metrics = try run.metrics()
    for entry in [record(1, true), record(2, false), record(2, true)] { try metrics.append(entry) }
    let last = try ReportData(run.paths).lastEvaluations
    #expect(last.count == 1)
    #expect(last[0].step == 2 && last[0].calibrated)
  }

  @Test func aFolderWithoutARunIsNamed() throws {
    let folder = try TemporaryFolder()
    let error = kirchhoffError { try Report.write(RunPaths(folder.path)) }
    #expect(error?.kind == .usage)
    #expect(error?.subject == folder.path)
  }
}
