import CKernels
import Runtime
import Tensor

/// Gradients of one parameter from several chunks of a batch, added up in a fixed order.
struct PartialSums {
  private let partials: Tensor
  private let count: Int
  private let size: Int

  init(count: Int, size: Int) {
    partials = Tensor(uninitialized: Shape(rows: count, channels: size))
    self.count = count
    self.size = size
  }

  /// The floats of a chunk, set to zero.
  func clear(_ index: Int) -> UnsafeMutablePointer<Float> {
    let start = partials.pointer + index * size
    start.update(repeating: 0, count: size)
    return start
  }

  /// Adds the sum over all chunks of the floats `from ..< from + count` to `target`.
  func add(from start: Int, count floats: Int, to target: UnsafeMutablePointer<Float>) {
    parallelChunks(floats, of: 4096) { range in
      for index in 0..<count {
        let partial = partials.pointer + index * size + start + range.lowerBound
        kk_axpy(target + range.lowerBound, partial, range.count, 1)
      }
    }
  }

  /// Adds the sum over all chunks of a matrix, its rows `firstRow ..< firstRow + rows` of `columns`
  /// floats, to a window with rows `stride` floats apart.
  func add(
    firstRow: Int, rows: Int, columns: Int, stride: Int, to target: UnsafeMutablePointer<Float>
  ) {
    let rowsEach = max(1, 8192 / max(columns, 1))
    parallelChunks(rows, of: rowsEach) { range in
      for index in 0..<count {
        let first = partials.pointer + index * size + (firstRow + range.lowerBound) * columns
        kk_add_rows(
          target + range.lowerBound * stride, first, range.count, columns, stride, columns)
      }
    }
  }
}
