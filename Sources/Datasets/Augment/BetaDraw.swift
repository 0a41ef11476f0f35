import Foundation
import Runtime

/// Draws from Beta(α, α) as a function of a stream.
package enum BetaDraw {
  /// One draw in 0…1.
  package static func symmetric(_ alpha: Float, _ stream: RandomStream) -> Float {
    if alpha == 1 { return stream.uniform(at: 0) }
    let a = gamma(Double(alpha), stream.derived(1))
    let b = gamma(Double(alpha), stream.derived(2))
    // Both underflow only for tiny α, where the law tends to a fair coin between 0 and 1.
    return a + b > 0 ? Float(a / (a + b)) : stream.uniform(at: 0) < 0.5 ? 0 : 1
  }

  /// Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000).
  private static func gamma(_ shape: Double, _ stream: RandomStream) -> Double {
    if shape < 1 {
      let boost = pow(Double(stream.derived(3).uniform(at: 0)), 1 / shape)
      return gamma(shape + 1, stream) * boost
    }
    let normals = stream.derived(4)
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    for attempt in 0..<64 as Range<UInt64> {
      let x = Double(normals.gaussian(at: attempt))
      let v = pow(1 + c * x, 3)
      guard v > 0 else { continue }
      let u = Double(stream.uniform(at: attempt))
      if log(max(u, 1e-12)) < 0.5 * x * x + d - d * v + d * log(v) { return d * v }
    }
    // Each attempt succeeds with probability above 0.95.
    return d
  }
}
