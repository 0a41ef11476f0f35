import Runtime
import Tensor

/// Runs `body` with a number of threads, and puts the old number back.
func withThreads<R>(_ count: Int, _ body: () throws -> R) rethrows -> R {
  let before = Threads.count
  Threads.count = count
  defer { Threads.count = before }
  return try body()
}

/// A normal tensor from a stream named by numbers.
func gaussian(_ shape: Shape, _ tags: UInt64...) -> Tensor {
  Tensor.gaussian(
    shape, from: RandomStream(seed: 17, stream: tags.reduce(1) { $0 &* 1_000_003 &+ $1 }))
}

/// A window of a larger matrix whose surroundings are NaN, so that reading them shows.
func windowed(_ a: Tensor, padding: Int = 5) -> Tensor {
  let channels = a.shape.channels
  let wide = a.shape.with(channels: channels + 2 * padding)
  var floats = [Float](repeating: .nan, count: wide.count)
  for (i, value) in a.floats.enumerated() {
    floats[i / channels * wide.channels + padding + i % channels] = value
  }
  return Tensor(floats, shape: wide).channels(padding..<padding + channels)
}

/// op(a)·op(b) by definition, in Double, and the same of the magnitudes.
func naiveProduct(
  _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false
) -> (value: [Double], magnitude: [Double], m: Int, n: Int) {
  let (m, k) = transposeA ? (a.shape[1], a.shape[0]) : (a.shape.rows, a.shape.channels)
  let n = transposeB ? b.shape[0] : b.shape[1]
  let left = a.floats.map(Double.init)
  let right = b.floats.map(Double.init)
  var value = [Double](repeating: 0, count: m * n)
  var magnitude = value
  for i in 0..<m {
    for p in 0..<k {
      let x = transposeA ? left[p * m + i] : left[i * k + p]
      for j in 0..<n {
        let y = transposeB ? right[j * k + p] : right[p * n + j]
        value[i * n + j] += x * y
        magnitude[i * n + j] += abs(x * y)
      }
    }
  }
  return (value, magnitude, m, n)
}

/// The largest error in units of what rounding alone may cause: k operations on numbers of this
/// magnitude are off by at most k·ulp/2 of it, and by about √k in practice.
func excess(_ result: Tensor, over exact: [Double], magnitude: [Double], k: Int) -> Double {
  let unit = Double(Float.ulpOfOne) / 2 * Double(max(k, 1)).squareRoot() * 4
  var worst = 0.0
  for (i, value) in result.floats.enumerated() {
    let error = abs(Double(value) - exact[i])
    if error.isNaN { return .infinity }
    worst = max(worst, error / (unit * magnitude[i] + 1e-30))
  }
  return worst
}
