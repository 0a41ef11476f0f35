import COpenBLAS
import Runtime

/// The products op(a[i])·op(b[i]) of two equally long batches of matrices.
///
/// - Parameters:
///   - a: `[…, m, k]`, or `[…, k, m]` when transposed.
///   - b: `[…, k, n]`, or `[…, n, k]` when transposed; the same leading extents as `a`.
/// - Returns: `[…, m, n]`.
public func batchedMatmul(
  _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false, alpha: Float = 1
) -> Tensor {
  let rank = a.shape.rank
  require(
    rank >= 3 && b.shape.rank == rank
      && a.shape.array.dropLast(2) == b.shape.array.dropLast(2),
    "batched matmul of \(a.shape) and \(b.shape): expected equal leading extents")
  let (m, k) = transposeA ? (a.shape[-1], a.shape[-2]) : (a.shape[-2], a.shape[-1])
  let (inner, n) = transposeB ? (b.shape[-1], b.shape[-2]) : (b.shape[-2], b.shape[-1])
  require(
    k == inner,
    "batched matmul of \(a.shape)\(transposeA ? "ᵀ" : "") and \(b.shape)\(transposeB ? "ᵀ" : ""): "
      + "inner extents \(k) and \(inner)")
  let leading = Array(a.shape.array.dropLast(2))
  let result = Tensor(uninitialized: Shape(leading + [m, n]))
  let batch = leading.reduce(1, *)
  guard batch * m * n > 0 else { return result }

  // A product large enough to be cut into tiles is; small ones go to threads in groups.
  let strides = (a.shape[-2] * a.rowStride, b.shape[-2] * b.rowStride, m * n)
  let product: (Int) -> Void = { i in
    let (left, right, target) =
      (a.pointer + i * strides.0, b.pointer + i * strides.1, result.pointer + i * strides.2)
    gemm(
      transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, alpha: alpha, left,
      lda: max(a.rowStride, 1), right, ldb: max(b.rowStride, 1), into: target, ldc: n)
  }
  withExtendedLifetime((a, b, result)) {
    if batch < 4 {
      for i in 0..<batch { product(i) }
    } else {
      let group = max(1, min(batch / 4, (1 << 20) / max(2 * m * n * k, 1)))
      parallelChunks(batch, of: group) { range in
        for i in range { product(i) }
      }
    }
  }
  return result
}

/// The product op(a)·x of a matrix and a vector.
///
/// - Parameters:
///   - a: `[m, k]`, or `[k, m]` when transposed.
///   - x: `[k]`.
/// - Returns: `[m]`.
public func matvec(_ a: Tensor, _ x: Tensor, transposeA: Bool = false) -> Tensor {
  require(
    a.shape.rank == 2 && x.shape.rank == 1 && a.shape[transposeA ? 0 : 1] == x.shape[0],
    "matvec of \(a.shape)\(transposeA ? "ᵀ" : "") and \(x.shape)")
  let k = x.shape[0]
  let m = a.shape[transposeA ? 1 : 0]
  let result = Tensor(shape: [m])
  guard m > 0, k > 0 else { return result }
  BLAS.prepare()
  let rows = max(16, (1 << 17) / k / 16 * 16)
  withExtendedLifetime((a, x, result)) {
    parallelChunks(m, of: rows) { range in
      let start = range.lowerBound
      let part = Int32(range.count)
      cblas_sgemv(
        CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeA ? Int32(k) : part,
        transposeA ? part : Int32(k), 1, a.pointer + start * (transposeA ? 1 : a.rowStride),
        Int32(max(a.rowStride, 1)), x.pointer, 1, 0, result.pointer + start, 1)
    }
  }
  return result
}
