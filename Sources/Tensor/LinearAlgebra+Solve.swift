import CLAPACKE
import Runtime

/// The Cholesky factor L, lower triangular with L·Lᵀ = a.
///
/// - Parameter a: `[n, n]`, symmetric positive definite; only its lower triangle is read.
/// - Returns: `[n, n]`, zero above the diagonal.
/// - Throws: `KirchhoffError(.numerical)` when `a` is not positive definite.
public func cholesky(_ a: Tensor) throws -> Tensor {
  let n = squareExtent(a, "cholesky")
  try requireFinite(a, "cholesky", "the matrix")
  let factor = a.copy()
  // The lower triangle by rows is LAPACK's upper triangle by columns: no transposition.
  let info = LAPACKE_spotrf(
    LAPACK_COL_MAJOR, letter("U"), Int32(n), factor.pointer, Int32(max(n, 1)))
  try check(
    info, "cholesky", a,
    found: "the leading minor of order \(info) is not positive",
    expected: "a symmetric positive definite matrix")
  for row in 0..<n {
    (factor.pointer + row * n + row + 1).update(repeating: 0, count: n - row - 1)
  }
  return factor
}

/// Solves (L·Lᵀ)·x = b with the factor that `cholesky` gave.
///
/// - Parameters:
///   - factor: `[n, n]`, lower triangular.
///   - b: `[n]`, or `[n, r]` for r right-hand sides.
/// - Returns: x, of the shape of `b`.
/// - Throws: `KirchhoffError(.numerical)` when an operand is not finite.
public func choleskySolve(_ factor: Tensor, _ b: Tensor) throws -> Tensor {
  let n = squareExtent(factor, "choleskySolve")
  let sides = rightHandSides(b, rows: n, "choleskySolve", factor)
  try requireFinite(factor, "choleskySolve", "the factor")
  try requireFinite(b, "choleskySolve", "the right-hand side")
  let lower = factor.contiguous()
  let x = b.copy()
  let info = withExtendedLifetime(lower) {
    LAPACKE_spotrs(
      LAPACK_ROW_MAJOR, letter("L"), Int32(n), Int32(sides), lower.pointer, Int32(max(n, 1)),
      x.pointer, Int32(max(sides, 1)))
  }
  try check(
    info, "choleskySolve", factor,
    found: "status \(info)",
    expected: "a factor")
  return x
}

/// Solves a·x = b by LU factorisation with partial pivoting.
///
/// - Parameters:
///   - a: `[n, n]`.
///   - b: `[n]`, or `[n, r]` for r right-hand sides.
/// - Returns: x, of the shape of `b`.
/// - Throws: `KirchhoffError(.numerical)` when `a` is singular or an operand is not finite.
public func solve(_ a: Tensor, _ b: Tensor) throws -> Tensor {
  let n = squareExtent(a, "solve")
  let sides = rightHandSides(b, rows: n, "solve", a)
  try requireFinite(a, "solve", "the matrix")
  try requireFinite(b, "solve", "the right-hand side")
  // By columns in memory, aᵀ is what LAPACK sees; it then solves with the transpose of that.
  let factors = a.copy()
  var pivots = [Int32](repeating: 0, count: max(n, 1))
  var info = LAPACKE_sgetrf(
    LAPACK_COL_MAJOR, Int32(n), Int32(n), factors.pointer, Int32(max(n, 1)), &pivots)
  try check(
    info, "solve", a,
    found: "pivot \(info) of \(n) is exactly zero: the matrix is singular",
    expected: "an invertible matrix")
  let columns = b.shape.rank == 1 ? b.copy() : b.transposed()
  info = withExtendedLifetime(factors) {
    LAPACKE_sgetrs(
      LAPACK_COL_MAJOR, letter("T"), Int32(n), Int32(sides), factors.pointer, Int32(max(n, 1)),
      pivots, columns.pointer, Int32(max(n, 1)))
  }
  try check(
    info, "solve", a,
    found: "status \(info)",
    expected: "an invertible matrix")
  return b.shape.rank == 1 ? columns : columns.transposed()
}

/// What `leastSquares` found.
public struct LeastSquaresSolution {
  /// The x of least norm among those that minimise ‖a·x − b‖: `[n]` or `[n, r]`.
  public let solution: Tensor
  /// The numerical rank of a.
  public let rank: Int
  /// The singular values of a, largest first: `[min(m, n)]`.
  public let singularValues: Tensor
}

/// The x of least norm that minimises ‖a·x − b‖, by the singular value decomposition; a may have
/// more columns than rows, and any rank.
///
/// - Parameters:
///   - a: `[m, n]`.
///   - b: `[m]`, or `[m, r]` for r right-hand sides.
///   - tolerance: Singular values below this share of the largest count as zero; nil for the
///     precision of Float times max(m, n).
/// - Throws: `KirchhoffError(.numerical)` when the iteration does not converge or an operand is not
///   finite.
public func leastSquares(
  _ a: Tensor, _ b: Tensor, tolerance: Float? = nil
) throws -> LeastSquaresSolution {
  let (m, n) = matrixExtents(a, "leastSquares")
  let sides = rightHandSides(b, rows: m, "leastSquares", a)
  require(m > 0 && n > 0, "leastSquares of an empty matrix \(a.shape)")
  try requireFinite(a, "leastSquares", "the matrix")
  try requireFinite(b, "leastSquares", "the right-hand side")
  let work = a.copy()
  let padded = Tensor(shape: [max(m, n), sides])
  let dense = b.contiguous()
  withExtendedLifetime(dense) { padded.pointer.update(from: dense.pointer, count: m * sides) }
  let values = Tensor(uninitialized: [min(m, n)])
  var rank: Int32 = 0
  let info = LAPACKE_sgelsd(
    LAPACK_ROW_MAJOR, Int32(m), Int32(n), Int32(sides), work.pointer, Int32(n), padded.pointer,
    Int32(max(sides, 1)), values.pointer, tolerance ?? Float(max(m, n)) * Float.ulpOfOne, &rank)
  try check(
    info, "leastSquares", a,
    found: "\(info) off-diagonal elements did not converge to zero",
    expected: "a convergent singular value decomposition")
  let x = padded.prefix(0..<n).copy()
  return LeastSquaresSolution(
    solution: b.shape.rank == 1 ? x.reshaped([n]) : x, rank: Int(rank), singularValues: values)
}
