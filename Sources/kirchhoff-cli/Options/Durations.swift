import ArgumentParser
import Kirchhoff

/// Times like `3600`, `20s`, `5min`, `1h`, `1d` or `1y` (365 days), separated by commas.
struct Durations: ExpressibleByArgument {
  /// In seconds.
  let seconds: [Float]

  private static let units: [(suffix: String, seconds: Float)] = [
    ("min", 60), ("s", 1), ("h", 3600), ("d", 86_400), ("y", 31_536_000),
  ]

  init?(argument: String) {
    var seconds: [Float] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let unit = Self.units.first { part.hasSuffix($0.suffix) }
      guard let number = Float(part.dropLast(unit?.suffix.count ?? 0)), number >= 0,
        number.isFinite
      else { return nil }
      seconds.append(number * (unit?.seconds ?? 1))
    }
    self.seconds = seconds
  }

  /// A time as people write it: 20 s, 1 h, 30 d.
  static func text(_ seconds: Float) -> String {
    let unit = units.sorted { $0.seconds > $1.seconds }.first {
      seconds >= $0.seconds && (seconds / $0.seconds).rounded() == seconds / $0.seconds
    }
    return "\(short(Double(seconds / (unit?.seconds ?? 1)))) \(unit?.suffix ?? "s")"
  }
}

/// Conductances in siemens, separated by commas.
struct Conductances: ExpressibleByArgument {
  let siemens: [Float]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    siemens = parts.compactMap { Float($0) }
    guard siemens.count == parts.count else { return nil }
  }
}
