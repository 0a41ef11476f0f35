import Runtime

// Conveniences for tests, tools and set-up code; training uses the fused kernels.
extension Tensor {
  /// `transform` of every element.
  public func mapped(_ transform: (Float) -> Float) -> Tensor {
    let result = Tensor(uninitialized: shape)
    let channels = shape.channels
    withExtendedLifetime(self) {
      for row in 0..<shape.rows {
        let source = pointer + row * rowStride
        let target = result.pointer + row * channels
        for i in 0..<channels { target[i] = transform(source[i]) }
      }
    }
    return result
  }

  /// `combine` of every element and the one at the same place of a tensor of the same shape.
  public func zipped(with other: Tensor, _ combine: (Float, Float) -> Float) -> Tensor {
    require(shape == other.shape, "elementwise of \(shape) and \(other.shape)")
    let result = Tensor(uninitialized: shape)
    let channels = shape.channels
    withExtendedLifetime((self, other)) {
      for row in 0..<shape.rows {
        let first = pointer + row * rowStride
        let second = other.pointer + row * other.rowStride
        let target = result.pointer + row * channels
        for i in 0..<channels { target[i] = combine(first[i], second[i]) }
      }
    }
    return result
  }

  /// The transpose of a matrix, `[m, n]` to `[n, m]`.
  public func transposed() -> Tensor {
    require(shape.rank == 2, "transpose of \(shape): expected a matrix")
    let (m, n) = (shape[0], shape[1])
    let result = Tensor(uninitialized: [n, m])
    let block = 16
    withExtendedLifetime(self) {
      for top in stride(from: 0, to: m, by: block) {
        for left in stride(from: 0, to: n, by: block) {
          for i in top..<min(m, top + block) {
            for j in left..<min(n, left + block) {
              result.pointer[j * m + i] = pointer[i * rowStride + j]
            }
          }
        }
      }
    }
    return result
  }

  /// The identity matrix `[n, n]`.
  public static func identity(_ n: Int) -> Tensor {
    let result = Tensor(shape: [n, n])
    for i in 0..<n { result.pointer[i * n + i] = 1 }
    return result
  }
}
