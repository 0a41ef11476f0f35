import COpenBLAS
import Runtime

/// C ← alpha·op(A)·op(B) + beta·C on windows of memory, op(A) [m, k], op(B) [k, n], C [m, n].
///
/// `lda`, `ldb` and `ldc` are the floats between two stored rows. C is cut into tiles by its shape
/// alone, and the tiles go to all threads, so the bits do not depend on how many there are.
/// With beta = 0, C is written without being read.
package func gemm(
  transposeA: Bool = false, transposeB: Bool = false, m: Int, n: Int, k: Int, alpha: Float = 1,
  _ a: UnsafePointer<Float>, lda: Int, _ b: UnsafePointer<Float>, ldb: Int, beta: Float = 0,
  into c: UnsafeMutablePointer<Float>, ldc: Int
) {
  guard m > 0, n > 0 else { return }
  if TileProduct.suits(m: m, n: n, k: k, alpha: alpha, beta: beta) {
    TileProduct.run(
      transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, a, lda: lda, b, ldb: ldb,
      accumulate: beta == 1, into: c, ldc: ldc)
    return
  }
  if m <= DotProducts.mostRows, transposeB, !transposeA, beta == 0 || beta == 1 {
    DotProducts.run(
      m: m, n: n, k: k, alpha: alpha, a, lda: lda, b, ldb: ldb, accumulate: beta == 1, into: c,
      ldc: ldc)
    return
  }
  let tiling = Tiling(m: m, n: n, k: k)
  if tiling.count == 1 {
    gemmOnOneThread(
      transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, alpha: alpha, a, lda: lda,
      b, ldb: ldb, beta: beta, into: c, ldc: ldc)
    return
  }
  parallelFor(tiling.count) { tile in
    let (rows, columns) = tiling[tile]
    gemmOnOneThread(
      transposeA: transposeA, transposeB: transposeB, m: rows.count, n: columns.count, k: k,
      alpha: alpha, a + rows.lowerBound * (transposeA ? 1 : lda), lda: lda,
      b + columns.lowerBound * (transposeB ? ldb : 1), ldb: ldb, beta: beta,
      into: c + rows.lowerBound * ldc + columns.lowerBound, ldc: ldc)
  }
}

/// `gemm` as one BLAS call in the calling thread, for loops that are parallel themselves.
package func gemmOnOneThread(
  transposeA: Bool = false, transposeB: Bool = false, m: Int, n: Int, k: Int, alpha: Float = 1,
  _ a: UnsafePointer<Float>, lda: Int, _ b: UnsafePointer<Float>, ldb: Int, beta: Float = 0,
  into c: UnsafeMutablePointer<Float>, ldc: Int
) {
  BLAS.prepare()
  cblas_sgemm(
    CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
    Int32(m), Int32(n), Int32(k), alpha, a, Int32(lda), b, Int32(ldb), beta, c, Int32(ldc))
}

/// The cut of a product [m, n] into tiles: a function of the shape, never of the threads.
package struct Tiling {
  private let m: Int
  private let n: Int
  private let tileRows: Int
  private let tileColumns: Int
  private let acrossColumns: Int
  package let count: Int

  /// Four tiles for a product worth cutting, more where each would exceed 2²⁸ operations: every
  /// tile packs its operands again, so tiles are as large as the balance of threads allows.
  package init(m: Int, n: Int, k: Int) {
    let operations = 2 * m * n * max(k, 1)
    let wanted = operations < 1 << 21 ? 1 : max(min(operations >> 20, 4), min(operations >> 28, 64))
    var rowParts = 1
    var columnParts = 1
    while rowParts * columnParts < wanted {
      if n / columnParts >= m / rowParts, n / columnParts >= 64 {
        columnParts *= 2
      } else if m / rowParts >= 16 {
        rowParts *= 2
      } else {
        break
      }
    }
    self.m = m
    self.n = n
    tileRows = Tiling.piece(of: m, in: rowParts, multiple: 4)
    tileColumns = Tiling.piece(of: n, in: columnParts, multiple: 16)
    acrossColumns = (n + tileColumns - 1) / tileColumns
    count = (m + tileRows - 1) / tileRows * acrossColumns
  }

  /// The rows and columns of C that a tile writes.
  package subscript(tile: Int) -> (rows: Range<Int>, columns: Range<Int>) {
    let row = tile / acrossColumns * tileRows
    let column = tile % acrossColumns * tileColumns
    return (row..<min(m, row + tileRows), column..<min(n, column + tileColumns))
  }

  private static func piece(of extent: Int, in parts: Int, multiple: Int) -> Int {
    let piece = (extent + parts - 1) / parts
    return min(extent, (piece + multiple - 1) / multiple * multiple)
  }
}

/// The product op(a)·op(b).
///
/// - Parameters:
///   - a: `[…, k]`, whose leading dimensions count as rows; `[k, m]` when transposed.
///   - b: `[k, n]`, or `[n, k]` when transposed.
/// - Returns: `[…, n]`, or `[m, n]` when `a` is transposed.
public func matmul(
  _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false
) -> Tensor {
  let (m, n, _) = productExtents(a, b, transposeA: transposeA, transposeB: transposeB)
  var result = Tensor(uninitialized: transposeA ? [m, n] : a.shape.with(channels: n))
  matmul(a, b, transposeA: transposeA, transposeB: transposeB, into: &result)
  return result
}

/// c ← alpha·op(a)·op(b) + beta·c; shapes as of `matmul`, `c` of the shape of the result.
public func matmul(
  _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false, alpha: Float = 1,
  beta: Float = 0, into c: inout Tensor
) {
  let (m, n, k) = productExtents(a, b, transposeA: transposeA, transposeB: transposeB)
  require(
    c.shape.rank >= 2 && c.shape.rows == m && c.shape.channels == n,
    "matmul of \(a.shape) and \(b.shape) into \(c.shape): expected [\(m), \(n)]")
  c.withMutableFloats { floats in
    guard let target = floats.baseAddress else { return }
    withExtendedLifetime((a, b)) {
      gemm(
        transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, alpha: alpha, a.pointer,
        lda: max(a.rowStride, 1), b.pointer, ldb: max(b.rowStride, 1), beta: beta, into: target,
        ldc: n)
    }
  }
}

private func productExtents(
  _ a: Tensor, _ b: Tensor, transposeA: Bool, transposeB: Bool
) -> (m: Int, n: Int, k: Int) {
  require(
    a.shape.rank >= 2 && b.shape.rank == 2 && !(transposeA && a.shape.rank != 2),
    "matmul of \(a.shape) and \(b.shape): expected matrices")
  let (m, k) =
    transposeA ? (a.shape.channels, a.shape.rows) : (a.shape.rows, a.shape.channels)
  let (inner, n) = transposeB ? (b.shape[1], b.shape[0]) : (b.shape[0], b.shape[1])
  require(
    k == inner,
    "matmul of \(a.shape)\(transposeA ? "ᵀ" : "") and \(b.shape)\(transposeB ? "ᵀ" : ""): "
      + "inner extents \(k) and \(inner)")
  return (m, n, k)
}
