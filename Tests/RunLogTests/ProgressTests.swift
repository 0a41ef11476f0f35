import Foundation
import RunLog
import Runtime
import Testing

@Suite(.serialized) struct ProgressTests {
  /// A clock that is set by hand, and what was written.
  final class Stage: @unchecked Sendable {
    var time = 0.0
    var written: [String] = []

    func bar(_ style: ProgressBar.Style, total: Int, unit: ProgressUnit = .images) -> ProgressBar {
      ProgressBar(
        total: total, unit: unit, style: style, write: { self.written.append($0) },
        now: { self.time }, width: { 79 })
    }
  }

  @Test func atMostTenDrawingsASecond() {
    let stage = Stage()
    let bar = stage.bar(.live, total: 5000)
    for step in 1...5000 {
      stage.time = Double(step) / 1000
      bar.update(step: step, count: step * 64)
    }
    // Five seconds: at most fifty, and the line must move all the time.
    #expect((40...51).contains(stage.written.count))
    #expect(stage.written.allSatisfy { $0.hasPrefix("\r\u{1B}[2K") })
  }

  @Test func theLineSaysRateLossAndTimeLeft() throws {
    let stage = Stage()
    let bar = stage.bar(.live, total: 1000)
    for step in 0...250 {
      stage.time = Double(step) * 0.2
      bar.update(step: step, count: step * 128, phase: "phase 1/2 cnn", loss: 0.4567)
    }
    let line = try #require(stage.written.last)
    #expect(line.contains("phase 1/2 cnn"))
    #expect(line.contains("25 %"))
    #expect(line.contains("250/1000"))
    #expect(line.contains("640 img/s"))
    #expect(line.contains("loss 0.457"))
    // 750 steps at five a second.
    #expect(line.contains("2:30 left"))
    #expect(line.dropFirst(5).count <= 79)
    bar.finish()
    #expect(stage.written.last == "\n")
  }

  @Test func aPipeGetsALineNowAndThen() {
    let stage = Stage()
    let bar = stage.bar(.plain(every: 10), total: 100)
    for step in 1...100 {
      stage.time = Double(step)
      bar.update(step: step)
    }
    bar.finish()
    #expect((10...12).contains(stage.written.count))
    #expect(stage.written.allSatisfy { $0.hasSuffix("\n") && !$0.contains("\u{1B}") })
    #expect(stage.written.last?.contains("100/100") == true)
  }

  @Test func quietSaysOnlyMessages() {
    let stage = Stage()
    let bar = stage.bar(.quiet, total: 10)
    bar.update(step: 5)
    bar.message("saved")
    bar.finish()
    #expect(stage.written == ["saved\n"])
  }

  @Test func aMessageStandsAboveTheLine() {
    let stage = Stage()
    let bar = stage.bar(.live, total: 10)
    bar.update(step: 5)
    bar.message("saved")
    #expect(stage.written.count == 3)
    #expect(stage.written[1] == "\r\u{1B}[2Ksaved\n")
    #expect(stage.written[2].contains("5/10"))
  }

  @Test func bytesAreShownAsMegabytes() throws {
    let stage = Stage()
    let bar = stage.bar(.live, total: 30_000_000, unit: .bytes)
    bar.update(step: 0)
    stage.time = 2
    bar.update(step: 12_000_000)
    let line = try #require(stage.written.last)
    #expect(line.contains("12.0/30.0 MB"))
    #expect(line.contains("6.0 MB/s"))
    #expect(line.contains("0:03 left"))
  }

  @Test(arguments: [20, 40, 60, 79, 200])
  func aLineFitsTheTerminal(width: Int) {
    var state = ProgressState()
    state.phase = "phase 2/2 all blocks"
    (state.step, state.total) = (123, 45_678)
    (state.rate, state.loss, state.secondsLeft) = (8412, 0.4, 4000)
    #expect(ProgressLine.live(state, width: width).count <= width)
  }

  /// After a pause the rate is that of the work, before long.
  @Test func theRateForgetsAPause() throws {
    var rate = ProgressRate(seconds: 8)
    for tick in 0...100 { rate.update(count: Double(tick), time: Double(tick) * 0.1) }
    #expect(abs(try #require(rate.perSecond) - 10) < 1e-9)
    for tick in 101...600 { rate.update(count: Double(tick), time: 100 + Double(tick) * 0.1) }
    // 50 s of work after the pause are six time constants: e^-6 of it is left, below 3 %.
    #expect(abs(try #require(rate.perSecond) - 10) < 0.3)
  }

  @Test(arguments: [
    (7.4, "0:07"), (754, "12:34"), (3723, "1:02:03"), (183_600, "2 d 3 h"), (.infinity, "?"),
  ])
  func durations(seconds: Double, text: String) {
    #expect(ProgressLine.duration(seconds) == text)
  }

  @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567")])
  func grouping(value: Int, text: String) {
    #expect(ProgressLine.grouped(value) == text)
  }

  @Test(arguments: [(Int32(SIGINT), Int32(130)), (Int32(SIGTERM), Int32(143))])
  func aSignalAsksToStop(signal: Int32, code: Int32) {
    SignalGuard.install()
    defer { SignalGuard.uninstall() }
    #expect(!SignalGuard.shouldStop)
    #expect(SignalGuard.exitCode == nil)
    // To the process, not the thread: threads that run tests have signals blocked.
    kill(getpid(), signal)
    let deadline = Date() + 5
    while !SignalGuard.shouldStop, Date() < deadline { usleep(1000) }
    #expect(SignalGuard.shouldStop)
    #expect(SignalGuard.exitCode == code)
    let error = kirchhoffError { try SignalGuard.check(saved: "go on with --resume") }
    #expect(error?.kind == .interrupted)
    #expect(error?.hint == "go on with --resume")
    SignalGuard.install()
    #expect(!SignalGuard.shouldStop)
  }
}
