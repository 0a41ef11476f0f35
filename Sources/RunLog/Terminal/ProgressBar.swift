import Foundation

/// Shows how long work goes on: a live line on a terminal, now and then a line in a log.
///
/// `update` is cheap enough for every step: it draws at most ten times a second. Usable from several
/// threads. Writes to standard error, so that results on standard output stay clean.
public final class ProgressBar: @unchecked Sendable {
  /// How to show progress.
  public enum Style: Sendable, Equatable {
    /// A line that is drawn over itself.
    case live
    /// A line of its own every so many seconds.
    case plain(every: Double)
    /// Nothing but messages.
    case quiet

    /// `quiet` when asked for, else `live` on a terminal that can and `plain` elsewhere.
    public static func automatic(quiet: Bool = false) -> Style {
      if quiet { return .quiet }
      let dumb = ProcessInfo.processInfo.environment["TERM"] == "dumb"
      return isatty(STDERR_FILENO) != 0 && !dumb ? .live : .plain(every: 10)
    }
  }

  /// The shortest time between two drawings of the live line, in seconds.
  static let shortestPause = 0.1

  private let lock = NSLock()
  private let style: Style
  private let write: @Sendable (String) -> Void
  private let now: @Sendable () -> Double
  private let width: @Sendable () -> Int
  private var state = ProgressState()
  private var stepRate = ProgressRate()
  private var unitRate = ProgressRate()
  private var lastDrawn: Double?
  private var lineIsOpen = false

  /// A bar over `total` steps (0: unknown).
  public convenience init(
    total: Int, unit: ProgressUnit = .images, style: Style = .automatic()
  ) {
    self.init(
      total: total, unit: unit, style: style, write: Self.writeToStandardError,
      now: { ProcessInfo.processInfo.systemUptime }, width: Self.terminalWidth)
  }

  package init(
    total: Int, unit: ProgressUnit, style: Style, write: @escaping @Sendable (String) -> Void,
    now: @escaping @Sendable () -> Double, width: @escaping @Sendable () -> Int
  ) {
    self.style = style
    self.write = write
    self.now = now
    self.width = width
    state.total = total
    state.unit = unit
  }

  /// Tells what has been reached: `step` of the total, and `count` images (or other units) in all
  /// since the bar began.
  ///
  /// Parts left out stay as they were.
  public func update(
    step: Int, count: Int? = nil, phase: String? = nil, loss: Double? = nil
  ) {
    lock.withLock {
      let time = now()
      state.step = step
      if let phase { state.phase = phase }
      if let loss { state.loss = loss }
      stepRate.update(count: Double(step), time: time)
      unitRate.update(count: Double(count ?? step), time: time)
      let pause = time - (lastDrawn ?? -.infinity)
      switch style {
      case .live: if pause >= Self.shortestPause { draw(time) }
      case .plain(let every): if pause >= every { draw(time) }
      case .quiet: break
      }
    }
  }

  /// Images (or other units) a second now, or nil before the first steps.
  public var rate: Double? { lock.withLock { unitRate.perSecond } }

  /// Prints a line above the bar, in every style.
  public func message(_ text: String) {
    lock.withLock {
      write((lineIsOpen ? "\r\u{1B}[2K" : "") + text + "\n")
      if lineIsOpen { draw(now()) }
    }
  }

  /// Shows the last state once more and leaves the line.
  public func finish() {
    lock.withLock {
      switch style {
      case .live:
        draw(now())
        write("\n")
        lineIsOpen = false
      case .plain: draw(now())
      case .quiet: break
      }
    }
  }

  private func draw(_ time: Double) {
    lastDrawn = time
    state.rate = unitRate.perSecond
    state.secondsLeft = stepRate.perSecond.flatMap {
      state.total > state.step ? Double(state.total - state.step) / $0 : nil
    }
    if style == .live {
      write("\r\u{1B}[2K" + ProgressLine.live(state, width: width()))
      lineIsOpen = true
    } else {
      write(ProgressLine.plain(state) + "\n")
    }
  }

  private static let writeToStandardError: @Sendable (String) -> Void = { text in
    // A closed pipe must not end a training run, so a failed write is let go.
    var text = text
    text.withUTF8 { _ = Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  private static let terminalWidth: @Sendable () -> Int = {
    var size = winsize()
    if ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
      // The last column stays free: some terminals wrap when it is written.
      return Int(size.ws_col) - 1
    }
    return ProcessInfo.processInfo.environment["COLUMNS"].flatMap(Int.init) ?? 79
  }
}
