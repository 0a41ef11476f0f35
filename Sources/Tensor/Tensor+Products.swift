import CKernels
import Runtime

extension Tensor {
  /// Every element times the one at the same place of a tensor of the same shape.
  package func products(with other: Tensor) -> Tensor {
    require(shape == other.shape, "products of \(shape) and \(other.shape)")
    let result = Tensor(uninitialized: shape)
    let channels = shape.channels
    parallelChunks(shape.rows, of: max(1, (1 << 14) / max(channels, 1))) { rows in
      for row in rows {
        let first = pointer + row * rowStride
        let second = other.pointer + row * other.rowStride
        let target = result.pointer + row * channels
        for index in 0..<channels { target[index] = first[index] * second[index] }
      }
    }
    return result
  }

  /// Every element times itself.
  package func squares() -> Tensor { products(with: self) }

  /// For every column of two matrices of the same shape the sum of the products of its elements.
  ///
  /// Rows are added up in chunks that the shape decides, so that threads change nothing.
  package func columnDots(with other: Tensor) -> [Float] {
    require(
      shape == other.shape && shape.rank == 2, "products of \(shape) and \(other.shape)")
    let (rows, columns) = (shape[0], shape[1])
    let chunk = max(1, (1 << 14) / max(columns, 1))
    let partial = Tensor(shape: [(rows + chunk - 1) / chunk, columns])
    parallelChunks(rows, of: chunk) { range in
      kk_column_dots(
        partial.pointer + range.lowerBound / chunk * columns,
        pointer + range.lowerBound * rowStride, other.pointer + range.lowerBound * other.rowStride,
        range.count, columns, rowStride, other.rowStride)
    }
    var sums = [Float](repeating: 0, count: columns)
    for part in 0..<partial.shape[0] {
      for column in 0..<columns { sums[column] += partial.pointer[part * columns + column] }
    }
    return withExtendedLifetime((self, other)) { sums }
  }
}
