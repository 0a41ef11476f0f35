import Foundation

/// A rate smoothed over the last seconds: recent steps count more, pauses do not spoil it for long.
package struct ProgressRate {
  /// The time constant of the smoothing.
  private let seconds: Double
  private var weightedCount = 0.0
  private var weightedTime = 0.0
  private var last: (count: Double, time: Double)?

  package init(seconds: Double = 8) { self.seconds = seconds }

  /// Takes the count reached at `time`, a time in seconds that never goes back.
  package mutating func update(count: Double, time: Double) {
    defer { last = (count, time) }
    guard let last, time > last.time else { return }
    let elapsed = time - last.time
    let decay = exp(-elapsed / seconds)
    // Both sums fade alike, so that their ratio is a true rate from the first update on.
    weightedCount = weightedCount * decay + (count - last.count)
    weightedTime = weightedTime * decay + elapsed
  }

  /// Counts a second, or nil before there is anything to tell.
  package var perSecond: Double? {
    weightedTime > 0 && weightedCount > 0 ? weightedCount / weightedTime : nil
  }
}
