import Runtime

/// A row-major Float32 array in pooled memory.
///
/// A tensor is rows of channels: `shape.rows` rows of `shape.channels` contiguous floats, the rows
/// `rowStride` floats apart. Contiguous tensors have `rowStride == shape.channels`; a larger stride
/// makes a window of channels, or a sub-matrix with a leading dimension, without a copy.
/// Tensors are values: a write through one is never seen through another.
public struct Tensor {
  package private(set) var memory: PooledMemory
  package let offset: Int

  /// The extents.
  public let shape: Shape

  /// Floats between the starts of two rows.
  public let rowStride: Int

  package init(memory: PooledMemory, offset: Int, shape: Shape, rowStride: Int) {
    self.memory = memory
    self.offset = offset
    self.shape = shape
    self.rowStride = rowStride
  }

  /// A tensor whose floats are not set yet.
  package init(uninitialized shape: Shape) {
    self.init(
      memory: PooledMemory(count: shape.count), offset: 0, shape: shape, rowStride: shape.channels)
  }

  /// Zeros.
  public init(shape: Shape) {
    self.init(uninitialized: shape)
    pointer.update(repeating: 0, count: shape.count)
  }

  /// Every element equal to `value`.
  public init(repeating value: Float, shape: Shape) {
    self.init(uninitialized: shape)
    pointer.update(repeating: value, count: shape.count)
  }

  /// These floats in row-major order.
  public init(_ floats: some Collection<Float>, shape: Shape) {
    precondition(
      floats.count == shape.count, "\(floats.count) floats for the shape \(shape) of \(shape.count)"
    )
    self.init(uninitialized: shape)
    let target = UnsafeMutableBufferPointer(start: pointer, count: shape.count)
    // Element by element takes a hundred times as long where the collection's type is not known here.
    let isCopied: Void? = floats.withContiguousStorageIfAvailable { _ = target.update(from: $0) }
    if isCopied == nil { _ = target.update(from: floats) }
  }

  /// Whether the rows follow each other without gaps.
  public var isContiguous: Bool { rowStride == shape.channels || shape.rows <= 1 }

  /// The first float.
  ///
  /// Writing through it is for code that just made the tensor.
  package var pointer: UnsafeMutablePointer<Float> { memory.floats + offset }

  /// All elements in row-major order.
  public var floats: [Float] {
    let dense = contiguous()
    return Array(UnsafeBufferPointer(start: dense.pointer, count: shape.count))
  }

  /// The element at an index of each dimension.
  public subscript(_ index: Int...) -> Float {
    precondition(index.count == shape.rank, "index \(index) of a tensor \(shape)")
    var row = 0
    for d in 0..<max(shape.rank - 1, 0) { row = row * shape[d] + index[d] }
    return pointer[row * rowStride + (index.last ?? 0)]
  }

  /// The only element of a tensor of one element.
  public var scalar: Float {
    precondition(shape.count == 1, "scalar of a tensor \(shape)")
    return pointer.pointee
  }

  /// Calls `body` with the floats of a contiguous tensor, for reading.
  public func withFloats<R>(_ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
    precondition(isContiguous, "withFloats of a window: make it contiguous first")
    return try withExtendedLifetime(memory) {
      try body(UnsafeBufferPointer(start: pointer, count: shape.count))
    }
  }

  /// Calls `body` with the floats for writing, after a copy if someone else shares them or if the
  /// tensor is a window.
  public mutating func withMutableFloats<R>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws -> R
  ) rethrows -> R {
    if !isKnownUniquelyReferenced(&memory) || !isContiguous { self = copy() }
    return try body(UnsafeMutableBufferPointer(start: pointer, count: shape.count))
  }

  /// A copy with memory of its own, without gaps.
  public func copy() -> Tensor {
    let result = Tensor(uninitialized: shape)
    let channels = shape.channels
    for row in 0..<shape.rows {
      (result.pointer + row * channels).update(from: pointer + row * rowStride, count: channels)
    }
    return result
  }

  /// This tensor, or a copy of it where its rows have gaps.
  public func contiguous() -> Tensor { isContiguous ? self : copy() }
}

extension Tensor: CustomStringConvertible {
  /// The shape, and the elements of a small tensor.
  public var description: String {
    shape.count <= 16 ? "Tensor\(shape)\(floats)" : "Tensor\(shape)"
  }
}
