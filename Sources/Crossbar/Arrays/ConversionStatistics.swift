import Synchronization

/// How many conversions saturated; several threads may count.
public final class ConversionStatistics: Sendable {
  private let counts = Mutex((conversions: 0, saturated: 0))

  /// None yet.
  public init() {}

  func add(conversions: Int, saturated: Int) {
    counts.withLock {
      $0.conversions += conversions
      $0.saturated += saturated
    }
  }

  /// Share of conversions that were beyond the converter's bound.
  public var saturatedShare: Double {
    counts.withLock {
      $0.conversions == 0 ? 0 : Double($0.saturated) / Double($0.conversions)
    }
  }
}
