import CLAPACKE
import Runtime

/// a = u·diag(s)·vᵀ with k = min(m, n) singular values.
public struct SingularValueDecomposition {
  /// Left singular vectors in columns: `[m, k]`.
  public let u: Tensor
  /// Singular values, largest first: `[k]`.
  public let singularValues: Tensor
  /// Right singular vectors in rows: `[k, n]`.
  public let vTransposed: Tensor
}

/// The thin singular value decomposition of `a` `[m, n]`, by divide and conquer.
///
/// - Throws: `KirchhoffError(.numerical)` when it does not converge or `a` is not finite.
public func svd(_ a: Tensor) throws -> SingularValueDecomposition {
  let (m, n) = matrixExtents(a, "svd")
  let k = min(m, n)
  try requireFinite(a, "svd", "the matrix")
  // By columns in memory LAPACK sees aᵀ = v·diag(s)·uᵀ, so its two factors change places.
  let work = a.copy()
  let u = Tensor(uninitialized: [m, k])
  let values = Tensor(uninitialized: [k])
  let vTransposed = Tensor(uninitialized: [k, n])
  if k > 0 {
    let info = LAPACKE_sgesdd(
      LAPACK_COL_MAJOR, letter("S"), Int32(n), Int32(m), work.pointer, Int32(n), values.pointer,
      vTransposed.pointer, Int32(n), u.pointer, Int32(k))
    try check(
      info, "svd", a,
      found: "the divide-and-conquer iteration did not converge (status \(info))",
      expected: "a convergent singular value decomposition")
  }
  return SingularValueDecomposition(u: u, singularValues: values, vTransposed: vTransposed)
}

/// a = v·diag(w)·vᵀ.
public struct SymmetricEigendecomposition {
  /// Eigenvalues, smallest first: `[n]`.
  public let values: Tensor
  /// Orthonormal eigenvectors in columns: `[n, n]`.
  public let vectors: Tensor
}

/// Eigenvalues and eigenvectors of a symmetric matrix, by divide and conquer.
///
/// - Parameter a: `[n, n]`; only its lower triangle is read.
/// - Throws: `KirchhoffError(.numerical)` when it does not converge or `a` is not finite.
public func symmetricEigen(_ a: Tensor) throws -> SymmetricEigendecomposition {
  let n = squareExtent(a, "symmetricEigen")
  try requireFinite(a, "symmetricEigen", "the matrix")
  let work = a.copy()
  let values = Tensor(uninitialized: [n])
  if n > 0 {
    // The lower triangle by rows is the upper one by columns; the vectors come out in rows.
    let info = LAPACKE_ssyevd(
      LAPACK_COL_MAJOR, letter("V"), letter("U"), Int32(n), work.pointer, Int32(n), values.pointer)
    try check(
      info, "symmetricEigen", a,
      found: "no convergence within rows \(Int(info) / (n + 1)) to \(Int(info) % (n + 1))",
      expected: "a convergent eigendecomposition")
  }
  return SymmetricEigendecomposition(values: values, vectors: work.transposed())
}

/// a = q·r with k = min(m, n).
public struct QRDecomposition {
  /// Orthonormal columns: `[m, k]`.
  public let q: Tensor
  /// Upper triangular (trapezoidal where n > m): `[k, n]`.
  public let r: Tensor
}

/// The thin QR decomposition of `a` `[m, n]`, by Householder reflections.
///
/// - Throws: `KirchhoffError(.numerical)` when `a` is not finite.
public func qr(_ a: Tensor) throws -> QRDecomposition {
  let (m, n) = matrixExtents(a, "qr")
  let k = min(m, n)
  try requireFinite(a, "qr", "the matrix")
  let r = Tensor(shape: [k, n])
  guard k > 0 else { return QRDecomposition(q: Tensor(uninitialized: [m, k]), r: r) }
  let work = a.copy()
  var reflectors = [Float](repeating: 0, count: k)
  var info = LAPACKE_sgeqrf(
    LAPACK_ROW_MAJOR, Int32(m), Int32(n), work.pointer, Int32(n), &reflectors)
  try check(
    info, "qr", a,
    found: "status \(info)",
    expected: "a finite matrix")
  for row in 0..<k {
    let offset = row * n + row
    (r.pointer + offset).update(from: work.pointer + offset, count: n - row)
  }
  let q = work.channels(0..<k).copy()
  info = LAPACKE_sorgqr(
    LAPACK_ROW_MAJOR, Int32(m), Int32(k), Int32(k), q.pointer, Int32(k), reflectors)
  try check(
    info, "qr", a,
    found: "status \(info)",
    expected: "a finite matrix")
  return QRDecomposition(q: q, r: r)
}
