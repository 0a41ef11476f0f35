import CKernels
import Runtime

/// A matrix `[k, n]` packed once for many products, each row of which has the same bits in any batch.
///
/// Products through BLAS take other paths for other numbers of rows, and their sums differ in the last bit. Here
/// every element is one chain of multiply-adds over k, whatever stands in the rows beside it.
package struct PackedMatrix {
  /// The matrix as it is.
  package let matrix: Tensor
  private var depth: Int { matrix.shape[0] }
  private var columns: Int { matrix.shape[1] }
  private let slices: [Slice]

  private struct Slice {
    let first: Int
    let depth: Int
    let packed: Tensor
  }

  /// Packs for the instruction set in use.
  package init(_ matrix: Tensor) {
    require(matrix.shape.rank == 2, "PackedMatrix of \(matrix.shape)")
    let (depth, columns) = (matrix.shape[0], matrix.shape[1])
    self.matrix = matrix
    slices = stride(from: 0, to: depth, by: Self.sliceDepth).map { first in
      let part = min(Self.sliceDepth, depth - first)
      let packed = Tensor(uninitialized: Shape(count: Int(kk_packed_floats(part, columns))))
      kk_gemm_pack(
        packed.pointer, matrix.pointer + first * matrix.rowStride, matrix.rowStride, part, columns,
        0)
      return Slice(first: first, depth: part, packed: packed)
    }
  }

  /// x·matrix.
  ///
  /// - Parameter x: `[rows, k]`.
  /// - Returns: `[rows, n]`.
  package func multiplied(by x: Tensor) -> Tensor {
    require(
      x.shape.rank == 2 && x.shape[1] == depth,
      "PackedMatrix [\(depth), \(columns)]: vectors \(x.shape)")
    let rows = x.shape[0]
    let result = Tensor(uninitialized: [rows, columns])
    let (target, source, stride) = (result.pointer, x.pointer, x.rowStride)
    for slice in slices {
      parallelChunks(rows, of: chunk(rows)) { range in
        let c = target + range.lowerBound * columns
        var output = kk_output()
        output.after = slice.first > 0 ? UnsafePointer(c) : nil
        output.after_stride = columns
        kk_pointwise_forward(
          c, nil, nil, source + range.lowerBound * stride + slice.first, slice.packed.pointer,
          range.count, slice.depth, columns, columns, stride, nil, &output, nil)
      }
    }
    return withExtendedLifetime(x) { result }
  }

  /// Rows that one thread takes at a time: a quarter, of whole register tiles, where there are few.
  private func chunk(_ rows: Int) -> Int {
    let largest = Int(kk_pointwise_chunk_rows(rows, depth, columns))
    return min(largest, max(24, (rows + 95) / 96 * 24))
  }

  /// The reduction between two visits of the result, as of `TileProduct`.
  private static let sliceDepth = 1024
}
