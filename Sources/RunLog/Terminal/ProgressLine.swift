import Foundation

/// What a progress line says.
package struct ProgressState: Sendable {
  package var phase = ""
  package var step = 0
  package var total = 0
  /// In the unit's own measure a second.
  package var rate: Double?
  package var loss: Double?
  package var secondsLeft: Double?
  package var unit = ProgressUnit.images

  package init() {}
}

/// What a progress bar counts beside steps.
public enum ProgressUnit: Sendable, Equatable {
  /// Images, shown as "img/s".
  case images
  /// Bytes, shown as "MB/s"; steps are then bytes too.
  case bytes
  /// Anything else, shown by its name.
  case items(String)
}

/// Draws progress as text; no clock, no terminal.
package enum ProgressLine {
  /// One line of at most `width` columns: phase, bar, percent, step, rate, loss, time left.
  ///
  /// A narrow terminal loses the bar first, then the parts at the end.
  package static func live(_ state: ProgressState, width: Int) -> String {
    let head = state.phase.isEmpty ? "" : state.phase + "  "
    let tail = facts(state)
    // Two columns frame the bar, two part it from what follows.
    var room = width - head.count - tail.joined(separator: "  ").count - 4
    var line = head
    if state.total > 0, room >= 10 {
      room = min(room, 30)
      line += bar(Double(state.step) / Double(state.total), width: room) + "  "
    }
    line += tail.joined(separator: "  ")
    return line.count <= width ? line : String(line.prefix(max(0, width - 1))) + "…"
  }

  /// The same without a bar, for logs.
  package static func plain(_ state: ProgressState) -> String {
    ([state.phase].filter { !$0.isEmpty } + facts(state)).joined(separator: "  ")
  }

  private static func facts(_ state: ProgressState) -> [String] {
    var facts: [String] = []
    if state.total > 0 {
      let percent = Int(100 * Double(state.step) / Double(state.total))
      facts.append("\(percent) %")
    }
    facts.append(count(state))
    if let rate = state.rate { facts.append(rateText(rate, state.unit)) }
    if let loss = state.loss {
      facts.append("loss " + String(format: abs(loss) < 0.01 ? "%.1e" : "%.3f", loss))
    }
    if let left = state.secondsLeft { facts.append("\(duration(left)) left") }
    return facts
  }

  private static func count(_ state: ProgressState) -> String {
    if state.unit == .bytes {
      let done = megabytes(Double(state.step))
      return state.total > 0 ? "\(done)/\(megabytes(Double(state.total))) MB" : "\(done) MB"
    }
    return state.total > 0 ? "\(state.step)/\(state.total)" : "\(state.step)"
  }

  private static func rateText(_ rate: Double, _ unit: ProgressUnit) -> String {
    switch unit {
    case .images: "\(short(rate)) img/s"
    case .bytes: "\(megabytes(rate)) MB/s"
    case .items(let name): "\(short(rate)) \(name)/s"
    }
  }

  private static func megabytes(_ bytes: Double) -> String { String(format: "%.1f", bytes / 1e6) }

  /// Three digits or so: 0.53, 8.41, 84.1, 8 412.
  private static func short(_ value: Double) -> String {
    switch value {
    case ..<10: return String(format: "%.2f", value)
    case ..<100: return String(format: "%.1f", value)
    default: return grouped(Int(value.rounded()))
    }
  }

  /// An integer with thin groups of three: 12,345,678.
  package static func grouped(_ value: Int) -> String {
    var digits = String(abs(value))
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    groups.insert(digits, at: 0)
    return (value < 0 ? "-" : "") + groups.joined(separator: ",")
  }

  /// 0:07, 12:34, 1:02:03, 2 d 3 h.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    let total = Int(seconds.rounded())
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let (hours, minutes) = (total / 3600, total / 60 % 60)
    if hours >= 48 { return "\(hours / 24) d \(hours % 24) h" }
    if hours > 0 { return "\(hours):\(two(minutes)):\(two(total % 60))" }
    return "\(minutes):\(two(total % 60))"
  }

  /// A bar in eighths of a column.
  private static func bar(_ share: Double, width: Int) -> String {
    let eighths = Int((min(max(share, 0), 1) * Double(width * 8)).rounded(.down))
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    let filled = String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    return "▕" + filled + String(repeating: " ", count: width - filled.count) + "▏"
  }
}
