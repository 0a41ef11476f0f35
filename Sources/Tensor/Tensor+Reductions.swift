import Runtime

// Whole-tensor reductions, in one thread and one fixed order; sums run in Double.
extension Tensor {
  /// The sum of all elements.
  public func sum() -> Double {
    reduceRows(0.0) { total, row in
      for value in row { total += Double(value) }
    }
  }

  /// The mean of all elements; NaN of an empty tensor.
  public func mean() -> Double { sum() / Double(shape.count) }

  /// The square root of the sum of squares.
  public func norm() -> Double {
    reduceRows(0.0) { total, row in
      for value in row { total += Double(value) * Double(value) }
    }.squareRoot()
  }

  /// The largest magnitude; NaN if there is one among the elements, 0 of an empty tensor.
  public func maxAbs() -> Float {
    reduceRows(Float(0)) { largest, row in
      for value in row where !(value.magnitude <= largest) {
        if !largest.isNaN { largest = value.magnitude }
      }
    }
  }

  /// The largest magnitude of the differences from a tensor of the same shape; NaN where either
  /// holds one.
  public func maxAbsDifference(to other: Tensor) -> Float {
    require(shape == other.shape, "difference of \(shape) and \(other.shape)")
    return zipped(with: other, -).maxAbs()
  }

  /// Whether both have the same shape and the same bits in every element: unlike `==` of floats it
  /// tells 0 from −0 and finds a NaN equal to itself.
  public func hasSameBits(as other: Tensor) -> Bool {
    guard shape == other.shape else { return false }
    let channels = shape.channels
    return withExtendedLifetime((self, other)) {
      for row in 0..<shape.rows {
        let mine = pointer + row * rowStride
        let theirs = other.pointer + row * other.rowStride
        for i in 0..<channels where mine[i].bitPattern != theirs[i].bitPattern { return false }
      }
      return true
    }
  }

  /// The row-major index of the first element that is infinite or not a number.
  public var firstNonFinite: Int? {
    let channels = shape.channels
    return withExtendedLifetime(self) {
      for row in 0..<shape.rows {
        let start = pointer + row * rowStride
        for i in 0..<channels where !start[i].isFinite { return row * channels + i }
      }
      return nil
    }
  }

  /// The element at a row-major index.
  func element(at index: Int) -> Float {
    pointer[index / shape.channels * rowStride + index % shape.channels]
  }

  private func reduceRows<R>(
    _ start: R, _ body: (inout R, UnsafeBufferPointer<Float>) -> Void
  ) -> R {
    var result = start
    let channels = shape.channels
    withExtendedLifetime(self) {
      for row in 0..<shape.rows {
        body(&result, UnsafeBufferPointer(start: pointer + row * rowStride, count: channels))
      }
    }
    return result
  }
}
