// Views share the memory of their tensor.
extension Tensor {
  /// The same floats under another shape of the same count; copies only a window with gaps.
  public func reshaped(_ shape: Shape) -> Tensor {
    precondition(
      shape.count == self.shape.count, "reshape of \(self.shape) to \(shape): another element count"
    )
    if shape.channels == self.shape.channels {
      return Tensor(memory: memory, offset: offset, shape: shape, rowStride: rowStride)
    }
    let dense = contiguous()
    return Tensor(
      memory: dense.memory, offset: dense.offset, shape: shape, rowStride: shape.channels)
  }

  /// A window of the last dimension: same rows, channels `range`.
  public func channels(_ range: Range<Int>) -> Tensor {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= shape.channels, "channels \(range) of \(shape)")
    return Tensor(
      memory: memory, offset: offset + range.lowerBound, shape: shape.with(channels: range.count),
      rowStride: rowStride)
  }

  /// A range of the first dimension.
  public func prefix(_ range: Range<Int>) -> Tensor {
    precondition(
      shape.rank >= 2 && range.lowerBound >= 0 && range.upperBound <= shape[0],
      "first dimension \(range) of \(shape)")
    let rowsEach = shape.rows / max(shape[0], 1)
    var extents = shape.array
    extents[0] = range.count
    return Tensor(
      memory: memory, offset: offset + range.lowerBound * rowsEach * rowStride,
      shape: Shape(extents), rowStride: rowStride)
  }
}
