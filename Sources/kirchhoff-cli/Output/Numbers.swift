import Foundation

/// A whole number of any size with commas between groups of three digits.
func grouped(_ number: some BinaryInteger) -> String {
  let text = "\(number)"
  let digits = Array(text.drop { $0 == "-" })
  var result = text.hasPrefix("-") ? "-" : ""
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index) % 3 == 0 { result.append(",") }
    result.append(digit)
  }
  return result
}

/// Bytes as people read them: 512 B, 4.4 MB, 170 MB.
func megabytes(_ bytes: Int) -> String {
  switch bytes {
  case ..<1000: "\(bytes) B"
  case ..<1_000_000: String(format: "%.1f kB", Double(bytes) / 1e3)
  case ..<100_000_000: String(format: "%.1f MB", Double(bytes) / 1e6)
  case ..<1_000_000_000: String(format: "%.0f MB", Double(bytes) / 1e6)
  default: String(format: "%.1f GB", Double(bytes) / 1e9)
  }
}

/// A share as a percentage with two digits: 93.41 %.
func percent(_ share: Double) -> String { String(format: "%.2f %%", 100 * share) }

/// A number without a needless ".0": 4, 1.5.
func short(_ value: Double) -> String {
  value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
}

/// A number with so many decimals.
func fixed(_ value: Double, _ decimals: Int) -> String {
  String(format: "%.\(decimals)f", value)
}

/// Seconds as people read them: 8.3 s, 2 min 41 s, 1 h 5 min.
func duration(_ seconds: Double) -> String {
  let total = Int(seconds.rounded())
  switch seconds {
  case ..<60: return "\(fixed(seconds, 1)) s"
  case ..<3600: return "\(total / 60) min \(total % 60) s"
  default: return "\(total / 3600) h \(total / 60 % 60) min"
  }
}
