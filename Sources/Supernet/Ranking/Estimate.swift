import Runtime

/// A figure with the interval in which it lies with 95 % confidence.
public struct Estimate: Codable, Hashable, Sendable {
  /// The figure of the sample itself.
  public var value: Double
  /// Lower end.
  public var low: Double
  /// Upper end.
  public var high: Double

  /// A figure and its interval.
  public init(value: Double, low: Double, high: Double) {
    self.value = value
    self.low = low
    self.high = high
  }

  /// The figure of a sample of `count`, with the percentile interval of the bootstrap (Efron and
  /// Tibshirani, "An introduction to the bootstrap", 1993, chapter 13).
  ///
  /// Resamples are a function of the stream alone, so statistics of one stream are paired. Those in
  /// which the statistic does not exist are left out.
  ///
  /// - Parameters:
  ///   - count: Elements of the sample.
  ///   - resamples: Samples drawn from it with replacement.
  ///   - stream: Where the draws come from.
  ///   - statistic: The figure of the elements at some indices; nil where there is none.
  /// - Returns: The estimate; nil where the sample itself has no figure.
  public static func bootstrap(
    count: Int, resamples: Int = 2000, stream: RandomStream, _ statistic: ([Int]) -> Double?
  ) -> Estimate? {
    guard count > 0, let value = statistic(Array(0..<count)) else { return nil }
    let figures = (0..<resamples).compactMap { resample -> Double? in
      let draw = stream.derived(UInt64(resample))
      return statistic((0..<count).map { draw.integer(at: UInt64($0), below: count) })
    }.sorted()
    guard !figures.isEmpty else { return Estimate(value: value, low: value, high: value) }
    return Estimate(
      value: value, low: quantile(figures, 0.025), high: quantile(figures, 0.975))
  }

  /// The quantile of ascending values, linear between neighbours.
  package static func quantile(_ values: [Double], _ share: Double) -> Double {
    let place = share * Double(values.count - 1)
    let below = Int(place)
    let above = min(below + 1, values.count - 1)
    return values[below] + (place - Double(below)) * (values[above] - values[below])
  }
}
