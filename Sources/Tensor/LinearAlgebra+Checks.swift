import CLAPACKE
import Runtime

/// The two extents of a matrix.
func matrixExtents(_ a: Tensor, _ routine: String) -> (m: Int, n: Int) {
  require(a.shape.rank == 2, "\(routine) of \(a.shape): expected a matrix")
  BLAS.prepare()
  return (a.shape[0], a.shape[1])
}

/// The extent of a square matrix.
func squareExtent(_ a: Tensor, _ routine: String) -> Int {
  let (m, n) = matrixExtents(a, routine)
  require(m == n, "\(routine) of \(a.shape): expected a square matrix")
  return n
}

/// The number of right-hand sides in `b`, `[rows]` or `[rows, r]`.
func rightHandSides(_ b: Tensor, rows: Int, _ routine: String, _ a: Tensor) -> Int {
  require(
    (b.shape.rank == 1 || b.shape.rank == 2) && b.shape[0] == rows,
    "\(routine) of \(a.shape) and \(b.shape): expected \(rows) rows on the right")
  return b.shape.rank == 1 ? 1 : b.shape[1]
}

/// LAPACK loops for ever on some NaNs: they are refused before it sees them.
func requireFinite(_ a: Tensor, _ routine: String, _ name: String) throws {
  guard let place = a.firstNonFinite else { return }
  throw KirchhoffError(
    .numerical, subject: "\(routine) of a matrix \(a.shape)", place: "\(name), element \(place)",
    found: "\(a.element(at: place))", expected: "finite numbers")
}

/// Turns LAPACK's status into an error: below zero an argument was wrong, which is ours to prevent.
func check(
  _ info: Int32, _ routine: String, _ a: Tensor, found: @autoclosure () -> String, expected: String
) throws {
  guard info != 0 else { return }
  let subject = "\(routine) of a matrix \(a.shape)"
  if info == LAPACK_WORK_MEMORY_ERROR || info == LAPACK_TRANSPOSE_MEMORY_ERROR {
    throw KirchhoffError(.numerical, subject: subject, found: "no memory for its work space")
  }
  require(info > 0, "\(subject): LAPACK refuses argument \(-info)")
  throw KirchhoffError(.numerical, subject: subject, found: found(), expected: expected)
}

/// A character argument of LAPACK.
func letter(_ character: Unicode.Scalar) -> CChar { CChar(truncatingIfNeeded: character.value) }
