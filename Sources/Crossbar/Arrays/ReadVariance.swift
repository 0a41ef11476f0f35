import CKernels
import Runtime
import Tensor

/// How much reads of the devices of a plane vary, where they are Gaussian and independent.
///
/// The sum of a column then varies by Σ σ²·x²: a product of squares. Where all devices of a row vary alike, that
/// is one number a vector.
struct ReadVariance {
  /// The variance of what vectors read.
  enum OfOutputs {
    /// `[batch, columns]`.
    case each(Tensor)
    /// The same for all outputs of a vector: `[batch]`.
    case vectors([Float])
  }

  /// In units of the largest weight, squared: `[rows, columns]`.
  let matrix: Tensor
  private let packed: PackedMatrix?

  init(_ matrix: Tensor) {
    self.matrix = matrix
    packed = Self.isConstantInRows(matrix) ? nil : PackedMatrix(matrix)
  }

  private static func isConstantInRows(_ matrix: Tensor) -> Bool {
    let columns = matrix.shape[1]
    return (0..<matrix.shape[0]).allSatisfy { row in
      let first = matrix.pointer + row * matrix.rowStride
      return (1..<columns).allSatisfy { first[$0] == first[0] }
    }
  }

  /// Those of some rows.
  func prefix(_ rows: Range<Int>) -> ReadVariance { ReadVariance(matrix.prefix(rows)) }

  /// The variance of the outputs of vectors `[batch, rows]`.
  func ofOutputs(_ x: Tensor) -> OfOutputs {
    let squares = x.squares()
    if let packed { return .each(packed.multiplied(by: squares)) }
    let (batch, rows) = (squares.shape[0], squares.shape[1])
    let ofRows = (0..<rows).map { matrix.pointer[$0 * matrix.rowStride] }
    return .vectors(
      (0..<batch).map { vector in
        var sum = 0.0
        kk_dot(&sum, squares.pointer + vector * rows, ofRows, rows)
        return Float(sum)
      })
  }
}
