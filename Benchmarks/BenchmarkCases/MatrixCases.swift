import Kirchhoff
import Tensor

/// Matrix products of the peers' script, and those of real networks.
enum MatrixCases {
  private static let shapes: [(kind: String, m: Int, n: Int, k: Int)] = [
    ("nn", 256, 256, 256), ("nn", 512, 512, 512), ("nn", 1024, 1024, 1024),
    ("nt", 1024, 1024, 1024), ("tn", 1024, 1024, 1024), ("nn", 2048, 2048, 2048),
    ("nt", 4096, 384, 128), ("nt", 4096, 512, 128), ("nt", 4096, 128, 512), ("tn", 128, 512, 4096),
    ("nt", 65536, 32, 144), ("nn", 32, 65536, 144), ("nt", 128, 512, 784), ("nt", 1, 512, 512),
  ]

  static let all: [BenchmarkCase] = shapes.map(product) + [batched]

  private static func product(_ kind: String, _ m: Int, _ n: Int, _ k: Int) -> BenchmarkCase {
    let transposeA = kind.first == "t"
    let transposeB = kind.last == "t"
    return .gigaflops(
      "gemm.\(kind).\(m)x\(n)x\(k).f32", operations: 2 * Double(m) * Double(n) * Double(k)
    ) {
      let random = RandomStream(seed: 1)
      let a = Tensor.gaussian(transposeA ? [k, m] : [m, k], from: random.derived(1))
      let b = Tensor.gaussian(transposeB ? [n, k] : [k, n], from: random.derived(2))
      let c = MatrixResult(Tensor(shape: [m, n]))
      func run() {
        matmul(a, b, transposeA: transposeA, transposeB: transposeB, into: &c.value)
      }
      return BenchmarkCase.Prepared(
        verify: {
          run()
          return check(c.value, k: k) { row, column, i in
            let left = transposeA ? a[i, row] : a[row, i]
            let right = transposeB ? b[column, i] : b[i, column]
            return Double(left) * Double(right)
          }
        }, run: run)
    }
  }

  /// A thousand entries against sums in double precision.
  ///
  /// The error of a sum of k float products grows like √k · 6e-8 times their size.
  private static func check(
    _ c: Tensor, k: Int, product: (Int, Int, Int) -> Double
  ) -> BenchmarkCase.Verification {
    let random = RandomStream(seed: 5)
    var worst = 0.0
    for index in 0..<1000 {
      let row = random.integer(at: UInt64(2 * index), below: c.shape[0])
      let column = random.integer(at: UInt64(2 * index + 1), below: c.shape[1])
      let exact = (0..<k).reduce(0.0) { $0 + product(row, column, $1) }
      worst = max(worst, abs(Double(c[row, column]) - exact))
    }
    return BenchmarkCase.Verification(
      error: worst / Double(k).squareRoot(), tolerance: 2e-6 * Double(k).squareRoot())
  }

  /// The attention products of 64 samples with 4 heads.
  private static let batched = BenchmarkCase.gigaflops(
    "bmm.256x(64x64x32).f32", operations: 2 * 256 * 64 * 64 * 32
  ) {
    let random = RandomStream(seed: 1)
    let q = Tensor.gaussian([256, 64, 32], from: random.derived(1))
    let k = Tensor.gaussian([256, 64, 32], from: random.derived(2))
    return BenchmarkCase.Prepared(
      verify: {
        let c = batchedMatmul(q, k, transposeB: true)
        return check(c.reshaped([256 * 64, 64]), k: 32) { row, column, i in
          Double(q[row / 64, row % 64, i]) * Double(k[row / 64, column, i])
        }
      }, run: { _ = batchedMatmul(q, k, transposeB: true) })
  }
}

private final class MatrixResult {
  var value: Tensor
  init(_ value: Tensor) { self.value = value }
}
