/// A mean with its 95 % confidence interval over independent runs.
public struct Interval: Codable, Hashable, Sendable {
  /// The mean.
  public var mean: Double
  /// Half the width of the interval; nil for a single value, which has none.
  public var halfWidth: Double?
  /// Values.
  public var count: Int

  /// The Student interval of the mean of `values`, which are taken as normally distributed.
  public init(_ values: [Double]) {
    count = values.count
    let total = values.reduce(0, +)
    let mean = total / Double(max(count, 1))
    self.mean = mean
    guard count > 1 else { return }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (squares / Double(count - 1)).squareRoot()
    halfWidth = Interval.quantile(freedom: count - 1) * deviation / Double(count).squareRoot()
  }

  /// Whether the interval leaves zero out.
  public var excludesZero: Bool { halfWidth.map { abs(mean) > $0 } ?? false }

  /// The two-sided 95 % quantile of Student's t.
  static func quantile(freedom: Int) -> Double {
    precondition(freedom > 0, "Student's t with \(freedom) degrees of freedom")
    if freedom <= quantiles.count { return quantiles[freedom - 1] }
    // Cornish and Fisher's expansion around the normal quantile; exact to three decimals from 20 on.
    let z = 1.959964
    let n = Double(freedom)
    return z + (z * z * z + z) / (4 * n)
      + (5 * z * z * z * z * z + 16 * z * z * z + 3 * z) / (96 * n * n)
  }

  private static let quantiles = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
  ]
}
