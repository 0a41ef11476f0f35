/// Seconds of training, resumed parts included.
package struct TrainingClock {
  private let before: Double
  private let start = ContinuousClock.now

  package init(before: Double) { self.before = before }

  package var seconds: Double {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return before + Double(seconds) + Double(attoseconds) * 1e-18
  }
}
