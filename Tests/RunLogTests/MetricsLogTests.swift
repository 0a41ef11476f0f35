import Foundation
import RunLog
import Runtime
import Testing

@Suite struct MetricsLogTests {
  private func step(_ step: Int, seconds: Double = 0) -> MetricRecord {
    .step(
      StepRecord(
        step: step, phase: "joint", losses: ["max": 1 / Double(step), "min": .nan],
        learningRate: 0.1, time: MetricTime(seconds: seconds)))
  }

  /// The lines without what a clock said.
  private func deterministic(_ path: String) throws -> [String] {
    try MetricsLog.read(path).map { record in
      var record = record
      if case .step(var step) = record {
        step.time = nil
        record = .step(step)
      }
      return String(decoding: try JSON.encode(record, subject: path), as: UTF8.self)
    }
  }

  @Test func everyKindComesBack() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("metrics.jsonl")
    let log = try MetricsLog(path: path, keeping: .nothing)
    let records = SampleRun.records()
    for record in records { try log.append(record) }
    #expect(log.lines == records.count)
    #expect(try MetricsLog.read(path) == records)
    #expect(try folder.text("metrics.jsonl").hasSuffix("}\n"))
  }

  @Test func aLineIsAPromise() throws {
    let folder = try TemporaryFolder()
    let log = try MetricsLog(path: folder.file("m.jsonl"), keeping: .nothing)
    try log.append(step(4, seconds: 2.5))
    let expected =
      #"{"kind":"step","learningRate":0.1,"losses":{"max":0.25,"min":"nan"},"phase":"joint","#
      + #""step":4,"time":{"seconds":2.5}}"# + "\n"
    #expect(try folder.text("m.jsonl") == expected)
  }

  @Test func anInterruptedAndResumedRunWritesTheSameLines() throws {
    let folder = try TemporaryFolder()
    let whole = try MetricsLog(path: folder.file("whole.jsonl"), keeping: .nothing)
    for number in 1...10 { try whole.append(step(number, seconds: Double(number))) }

    let path = folder.file("resumed.jsonl")
    let first = try MetricsLog(path: path, keeping: .nothing)
    for number in 1...7 { try first.append(step(number, seconds: 100)) }
    // The checkpoint was taken at step 5; the process died while it wrote a line.
    try damage(path) { $0.removeLast(9) }
    let second = try MetricsLog(path: path, keeping: .lines(5))
    #expect(second.lines == 5)
    for number in 6...10 { try second.append(step(number, seconds: 200)) }
    #expect(try deterministic(path) == deterministic(folder.file("whole.jsonl")))
  }

  @Test func linesOfLaterStepsCanGo() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("m.jsonl")
    let log = try MetricsLog(path: path, keeping: .nothing)
    for number in [1, 2, 3, 3, 4] { try log.append(step(number)) }
    #expect(try MetricsLog(path: path, keeping: .steps(through: 3)).lines == 4)
    #expect(try MetricsLog.read(path).map(\.step) == [1, 2, 3, 3])
    #expect(try MetricsLog(path: path, keeping: .nothing).lines == 0)
    #expect(try MetricsLog.read(path).isEmpty)
  }

  /// Cut at every byte of the last line: what is read is all lines before it.
  @Test func aTornLastLineIsPassedOver() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("m.jsonl")
    let log = try MetricsLog(path: path, keeping: .nothing)
    for number in 1...3 { try log.append(step(number)) }
    let sound = try Data(contentsOf: URL(fileURLWithPath: path))
    let start = try #require(sound.dropLast().lastIndex(of: UInt8(ascii: "\n"))) + 1
    for end in start..<sound.count {
      try sound.prefix(end).write(to: URL(fileURLWithPath: path))
      #expect(try MetricsLog.read(path).map(\.step) == [1, 2])
      #expect(try MetricsLog(path: path, keeping: .lines(2)).lines == 2)
    }
  }

  @Test func fewerLinesThanCountedAreReported() throws {
    let folder = try TemporaryFolder()
    let messages = Messages()
    let path = folder.file("m.jsonl")
    try MetricsLog(path: path, keeping: .nothing).append(step(1))
    _ = try MetricsLog(path: path, keeping: .lines(3), logger: MessageHandler.logger(messages))
    #expect(messages.all.count == 1)
    #expect(messages.all.first?.contains("1 whole lines") == true)
  }

  @Test func aDamagedLineIsNamed() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("m.jsonl")
    let log = try MetricsLog(path: path, keeping: .nothing)
    for number in 1...3 { try log.append(step(number)) }
    try damage(path) { $0[$0.firstIndex(of: UInt8(ascii: "\n"))! + 3] = UInt8(ascii: "!") }
    let error = kirchhoffError { _ = try MetricsLog.read(path) }
    #expect(error?.kind == .data)
    #expect(error?.subject == path)
    #expect(error?.place?.contains("line 2") == true)
  }

  @Test(.enabled(if: SmallDisk.isPossible)) func aFullDiskLeavesWholeLines() throws {
    let disk = try SmallDisk(kilobytes: 16)
    let path = disk.file("m.jsonl")
    let log = try MetricsLog(path: path, keeping: .nothing)
    let error = kirchhoffError {
      for number in 1...1000 { try log.append(step(number)) }
    }
    #expect(error?.found?.contains("full disk") == true)
    let lines = log.lines
    #expect(lines > 10)
    #expect(try MetricsLog.read(path).count == lines)
    #expect(try disk.text("m.jsonl").hasSuffix("\n"))
  }
}
