import Runtime
import Tensor
import Testing

/// ‖a − b‖ / (‖a‖·√n·ε): a backward-stable algorithm keeps it at a small multiple of one.
private func residual(_ a: Tensor, _ b: Tensor) -> Double {
  let scale = a.norm() * Double(a.shape.channels).squareRoot() * Double(Float.ulpOfOne)
  return a.zipped(with: b, -).norm() / max(scale, 1e-30)
}

/// How far the columns of q are from orthonormal, in the same units.
private func orthogonality(_ q: Tensor) -> Double {
  residual(Tensor.identity(q.shape[1]), matmul(q, q, transposeA: true))
}

private func diagonal(_ values: Tensor) -> Tensor {
  let n = values.shape[0]
  var result = Tensor(shape: [n, n])
  result.withMutableFloats { floats in
    for i in 0..<n { floats[i * n + i] = values[i] }
  }
  return result
}

/// g·gᵀ + I of a normal g: well conditioned, positive definite, exactly symmetric.
private func positiveDefinite(_ n: Int) -> Tensor {
  let g = gaussian([n, n], UInt64(n), 8)
  let product = matmul(g, g, transposeB: true)
  let symmetric = product.zipped(with: product.transposed()) { ($0 + $1) / 2 }
  return symmetric.zipped(with: Tensor.identity(n), +)
}

// The bounds below are in units of √n·ε·‖a‖; Householder and Cholesky stay under about 5 in
// practice, a wrong factor is beyond 1e4.
private let bound = 30.0

struct DecompositionTests {
  @Test(arguments: [1, 2, 5, 33, 200]) func choleskyRebuildsItsMatrix(n: Int) throws {
    let a = positiveDefinite(n)
    let factor = try cholesky(windowed(a))
    #expect(residual(a, matmul(factor, factor, transposeB: true)) < bound)
    for i in 0..<n {
      #expect(factor[i, i] > 0)
      #expect((i + 1..<n).allSatisfy { factor[i, $0] == 0 })
    }
    let x = gaussian([n, 3], 4)
    let solved = try choleskySolve(windowed(factor), matmul(a, x))
    #expect(residual(matmul(a, x), matmul(a, solved)) < bound)
    let vector = x.channels(0..<1).copy().reshaped([n])
    let one = try choleskySolve(factor, matvec(a, vector))
    #expect(one.shape == [n])
    #expect(residual(matvec(a, vector), matvec(a, one)) < bound * 10)
  }

  @Test func choleskyReadsOnlyTheLowerTriangle() throws {
    var a = positiveDefinite(6)
    let expected = try cholesky(a)
    a.withMutableFloats { floats in
      for i in 0..<6 { for j in i + 1..<6 { floats[i * 6 + j] = 99 } }
    }
    #expect(try cholesky(a).hasSameBits(as: expected))
  }

  @Test(arguments: [1, 2, 7, 64, 200]) func solveSolves(n: Int) throws {
    let a = gaussian([n, n], 1)
    let b = gaussian([n, 4], 2)
    let x = try solve(windowed(a), windowed(b))
    // Backward stable: the residual is small against ‖a‖·‖x‖, however ill conditioned a is.
    let scale = a.norm() * x.norm() * Double(Float.ulpOfOne)
    #expect(matmul(a, x).zipped(with: b, -).norm() / scale < bound)
    let vector = try solve(a, b.channels(2..<3).copy().reshaped([n]))
    #expect(vector.shape == [n])
    #expect(
      vector.maxAbsDifference(to: x.channels(2..<3).copy().reshaped([n])) <= 1e-3 * x.maxAbs())
  }

  @Test(arguments: [(1, 1), (6, 6), (40, 7), (7, 40), (129, 64)])
  func svdRebuildsItsMatrix(extents: (Int, Int)) throws {
    let (m, n) = extents
    let a = gaussian([m, n], 3)
    let parts = try svd(windowed(a))
    let k = min(m, n)
    #expect(parts.u.shape == [m, k])
    #expect(parts.singularValues.shape == [k])
    #expect(parts.vTransposed.shape == [k, n])
    let rebuilt = matmul(matmul(parts.u, diagonal(parts.singularValues)), parts.vTransposed)
    #expect(residual(a, rebuilt) < bound)
    #expect(orthogonality(parts.u) < bound)
    #expect(orthogonality(parts.vTransposed.transposed()) < bound)
    let values = parts.singularValues.floats
    #expect(values == values.sorted(by: >) && values.allSatisfy { $0 >= 0 })
  }

  @Test func svdOfAKnownMatrix() throws {
    // [[3, 0], [4, 5]] has the singular values √45 and √5.
    let values = try svd(Tensor([3, 0, 4, 5], shape: [2, 2])).singularValues
    #expect(abs(values[0] - 6.708_204) < 1e-5)
    #expect(abs(values[1] - 2.236_068) < 1e-5)
  }

  @Test(arguments: [1, 2, 9, 100]) func eigenvectorsRebuildTheirMatrix(n: Int) throws {
    let g = gaussian([n, n], 6)
    let a = g.zipped(with: g.transposed(), +)
    let parts = try symmetricEigen(windowed(a))
    let rebuilt = matmul(
      matmul(parts.vectors, diagonal(parts.values)), parts.vectors, transposeB: true)
    #expect(residual(a, rebuilt) < bound)
    #expect(orthogonality(parts.vectors) < bound)
    #expect(parts.values.floats == parts.values.floats.sorted())
  }

  @Test func eigenvaluesOfAKnownMatrix() throws {
    // [[2, 1], [1, 2]]; the upper triangle is not read.
    let parts = try symmetricEigen(Tensor([2, -7, 1, 2], shape: [2, 2]))
    #expect(abs(parts.values[0] - 1) < 1e-6)
    #expect(abs(parts.values[1] - 3) < 1e-6)
    #expect(abs(parts.vectors[0, 1] - parts.vectors[1, 1]) < 1e-6)
  }

  @Test(arguments: [(1, 1), (5, 5), (50, 8), (8, 50)])
  func qrRebuildsItsMatrix(extents: (Int, Int)) throws {
    let (m, n) = extents
    let a = gaussian([m, n], 7)
    let parts = try qr(windowed(a))
    #expect(parts.q.shape == [m, min(m, n)])
    #expect(parts.r.shape == [min(m, n), n])
    #expect(residual(a, matmul(parts.q, parts.r)) < bound)
    #expect(orthogonality(parts.q) < bound)
    for i in 1..<max(min(m, n), 1) + 0 where i < parts.r.shape[0] {
      #expect((0..<i).allSatisfy { parts.r[i, $0] == 0 })
    }
  }

  @Test(arguments: [(30, 6), (6, 6), (6, 30)])
  func leastSquaresLeavesAnOrthogonalResidual(extents: (Int, Int)) throws {
    let (m, n) = extents
    let a = gaussian([m, n], 1)
    let b = gaussian([m, 2], 2)
    let found = try leastSquares(windowed(a), windowed(b))
    #expect(found.solution.shape == [n, 2])
    #expect(found.rank == min(m, n))
    let left = b.zipped(with: matmul(a, found.solution), -)
    // The normal equations hold: aᵀ·(b − a·x) = 0 up to rounding.
    #expect(matmul(a, left, transposeA: true).maxAbs() < 1e-4 * Float(a.norm() * b.norm()))
    if m <= n { #expect(left.maxAbs() < 1e-4) }
  }

  @Test func leastSquaresFindsTheShortestOfManySolutions() throws {
    // x + y = 2 twice: (1, 1) is the shortest solution.
    let found = try leastSquares(
      Tensor([1, 1, 1, 1], shape: [2, 2]), Tensor([2, 2], shape: [2]))
    #expect(found.rank == 1)
    #expect(found.solution.shape == [2])
    #expect(abs(found.solution[0] - 1) < 1e-5 && abs(found.solution[1] - 1) < 1e-5)
    #expect(abs(found.singularValues[0] - 2) < 1e-5)
  }
}

/// LAPACK's status becomes an error that says what it means.
struct DecompositionErrorTests {
  private func failure(_ body: () throws -> Void) -> KirchhoffError? {
    do {
      try body()
      return nil
    } catch {
      return error as? KirchhoffError
    }
  }

  @Test func choleskyNamesTheMinor() {
    let error = failure { _ = try cholesky(Tensor([4, 0, 0, 0, -1, 0, 0, 0, 1], shape: [3, 3])) }
    #expect(error?.kind == .numerical)
    #expect(
      error?.description
        == "cholesky of a matrix [3, 3]: found the leading minor of order 2 is not "
        + "positive, expected a symmetric positive definite matrix")
  }

  @Test func solveNamesThePivot() {
    let error = failure {
      _ = try solve(Tensor([1, 2, 2, 4], shape: [2, 2]), Tensor([1, 1], shape: [2]))
    }
    #expect(error?.kind == .numerical)
    #expect(error?.description.contains("pivot 2 of 2 is exactly zero") == true)
  }

  @Test(arguments: ["cholesky", "svd", "symmetricEigen", "qr", "solve", "leastSquares"])
  func aNumberThatIsNotFiniteIsRefused(routine: String) {
    let bad = windowed(Tensor([1, 0, 0, .nan], shape: [2, 2]))
    let good = Tensor([1, 0, 0, 1], shape: [2, 2])
    let error = failure {
      switch routine {
      case "cholesky": _ = try cholesky(bad)
      case "svd": _ = try svd(bad)
      case "symmetricEigen": _ = try symmetricEigen(bad)
      case "qr": _ = try qr(bad)
      case "solve": _ = try solve(bad, good)
      default: _ = try leastSquares(bad, good)
      }
    }
    #expect(
      error?.description == "\(routine) of a matrix [2, 2], the matrix, element 3: found nan, "
        + "expected finite numbers")
  }

  @Test func anInfiniteRightHandSideIsRefused() {
    let good = Tensor.identity(2)
    let error = failure { _ = try solve(good, Tensor([1, .infinity], shape: [2])) }
    #expect(error?.place == "the right-hand side, element 1")
    #expect(error?.found == "inf")
  }
}
