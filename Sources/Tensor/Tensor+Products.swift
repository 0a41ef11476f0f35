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
}
