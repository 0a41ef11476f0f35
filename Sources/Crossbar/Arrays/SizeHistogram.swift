import Runtime

/// How often numbers of each size were seen; sizes are told apart to 1/64.
///
/// Counts are whole numbers, so the order in which threads add theirs does not matter.
struct SizeHistogram: Sendable {
  // A size is the exponent and six bits of the mantissa of a single-precision number.
  private static let shift: UInt32 = 17
  private var counts = [Int](repeating: 0, count: 1 << (31 - Int(shift)))
  private var total = 0

  mutating func add(_ values: UnsafePointer<Float>, count: Int) {
    for index in 0..<count {
      counts[Int((values[index].bitPattern & 0x7fff_ffff) >> Self.shift)] += 1
    }
    total += count
  }

  mutating func add(_ other: SizeHistogram) {
    for index in counts.indices { counts[index] += other.counts[index] }
    total += other.total
  }

  /// The size that a percentage of the numbers do not exceed; nil where none, or only zeros, were seen.
  func percentile(_ percent: Float) -> Float? {
    let wanted = Int((Double(percent) / 100 * Double(total)).rounded(.up))
    var seen = 0
    for (index, count) in counts.enumerated() {
      seen += count
      guard seen >= wanted, seen > 0 else { continue }
      return index == 0 ? nil : Float(bitPattern: UInt32(index + 1) << Self.shift)
    }
    return nil
  }
}
