import Foundation

// What the published fits of devices are made of.

/// The polynomial c₀ + c₁x + c₂x² and so on.
func polynomial(_ coefficients: [Float], at x: Float) -> Float {
  coefficients.reversed().reduce(0) { $0 * x + $1 }
}

/// Microsiemens per siemens.
let micro: Float = 1e-6

extension Float {
  func clamped(_ low: Float, _ high: Float) -> Float { Swift.min(Swift.max(self, low), high) }
}

/// A fit that follows the logarithm below a limit and a polynomial from there on.
struct PiecewiseFit: Sendable {
  /// Where the polynomial begins.
  let limit: Float
  /// Factor of the logarithm.
  let slope: Float
  /// Added to it.
  let offset: Float
  /// What the logarithmic part is clamped to.
  let range: ClosedRange<Float>
  /// Coefficients, constant first.
  let coefficients: [Float]

  func callAsFunction(_ x: Float) -> Float {
    guard x < limit else { return polynomial(coefficients, at: x) }
    // The reference cuts logarithms of nothing off here.
    return (slope * log(max(x, 1e-7)) + offset).clamped(range.lowerBound, range.upperBound)
  }
}
