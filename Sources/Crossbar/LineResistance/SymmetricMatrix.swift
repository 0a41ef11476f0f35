import CLAPACKE
import COpenBLAS
import Tensor

/// A symmetric positive matrix in double precision, both triangles stored.
struct SymmetricMatrix {
  /// The order.
  let count: Int
  private var values: [Double]

  init(_ count: Int, _ element: (Int, Int) -> Double) {
    self.count = count
    values = [Double](unsafeUninitializedCapacity: count * count) { buffer, filled in
      for i in 0..<count {
        for j in 0..<count { buffer[i * count + j] = element(i, j) }
      }
      filled = count * count
    }
  }

  subscript(_ i: Int, _ j: Int) -> Double { values[i * count + j] }

  /// Replaces a positive definite matrix by its inverse.
  mutating func invert() {
    BLAS.prepare()
    let n = Int32(count)
    let lower = CChar(UInt8(ascii: "L"))
    values.withUnsafeMutableBufferPointer { buffer in
      let factored = LAPACKE_dpotrf(LAPACK_COL_MAJOR, lower, n, buffer.baseAddress, n)
      let inverted = LAPACKE_dpotri(LAPACK_COL_MAJOR, lower, n, buffer.baseAddress, n)
      require(
        factored == 0 && inverted == 0,
        "1 plus a positive matrix of order \(count) is not positive (\(factored), \(inverted))")
      for i in 0..<count {
        for j in 0..<i { buffer[i * count + j] = buffer[j * count + i] }
      }
    }
  }

  /// Multiplies row and column i by factor i.
  mutating func scale(by factors: [Double]) {
    for i in 0..<count {
      for j in 0..<count { values[i * count + j] *= factors[i] * factors[j] }
    }
  }

  mutating func add(_ other: SymmetricMatrix) {
    for i in values.indices { values[i] += other.values[i] }
  }

  /// The product with a matrix that commutes with this one, so that it is symmetric too.
  func product(with other: SymmetricMatrix) -> SymmetricMatrix {
    var result = [Double](repeating: 0, count: count * count)
    multiply(other.values, columns: count, into: &result)
    return SymmetricMatrix(count) { i, j in
      (result[i * count + j] + result[j * count + i]) / 2
    }
  }

  /// Multiplies this matrix with each of the first `columns` vectors of `vectors`.
  func multiply(_ vectors: [Double], columns: Int, into result: inout [Double]) {
    BLAS.prepare()
    let n = Int32(count)
    cblas_dsymm(
      CblasColMajor, CblasLeft, CblasLower, n, Int32(columns), 1, values, n, vectors, n, 0, &result,
      n)
  }
}
