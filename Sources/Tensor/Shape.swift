/// The extents of a tensor, outermost first; at most six.
///
/// Held inline, so that making a tensor allocates nothing but its memory.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  private var extents: Extents

  /// The number of dimensions.
  public private(set) var rank: Int

  /// A shape with these extents.
  public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// A shape with these extents.
  public init(_ elements: [Int]) {
    precondition(elements.count <= 6, "a shape has at most 6 dimensions: \(elements)")
    extents = Extents()
    rank = elements.count
    for (i, extent) in elements.enumerated() {
      precondition(extent >= 0, "negative extent in \(elements)")
      extents[i] = Int32(extent)
    }
  }

  /// A vector, made without the array of a literal.
  package init(count: Int) {
    extents = Extents()
    extents[0] = Int32(count)
    rank = 1
  }

  /// A matrix, made without the array of a literal.
  package init(rows: Int, channels: Int) {
    extents = Extents()
    extents[0] = Int32(rows)
    extents[1] = Int32(channels)
    rank = 2
  }

  /// The extent of a dimension; negative counts from the last.
  public subscript(_ dimension: Int) -> Int {
    let d = dimension < 0 ? rank + dimension : dimension
    precondition(d >= 0 && d < rank, "dimension \(dimension) of \(self)")
    return Int(extents[d])
  }

  /// The product of all extents.
  public var count: Int {
    var product = 1
    for d in 0..<rank { product *= Int(extents[d]) }
    return product
  }

  /// The last extent: the channels of a row.
  ///
  /// 1 for a scalar.
  public var channels: Int { rank == 0 ? 1 : Int(extents[rank - 1]) }

  /// The product of all extents but the last.
  public var rows: Int {
    var product = 1
    for d in 0..<max(rank - 1, 0) { product *= Int(extents[d]) }
    return product
  }

  /// The extents as an array.
  public var array: [Int] { (0..<rank).map { Int(extents[$0]) } }

  /// The same shape with another last extent.
  public func with(channels: Int) -> Shape {
    precondition(rank > 0, "a scalar has no channels")
    var shape = self
    shape.extents[rank - 1] = Int32(channels)
    return shape
  }

  /// `[2, 3, 4]`.
  public var description: String { "\(array)" }
}

/// Eight extents, the unused ones 1.
///
/// In two halves: a vector of eight would align everything that holds a shape to 32 bytes, and then
/// closures and arrays of tensors come from the slow aligned allocator.
private struct Extents: Hashable, Sendable {
  private var low = SIMD4<Int32>(repeating: 1)
  private var high = SIMD4<Int32>(repeating: 1)

  subscript(_ dimension: Int) -> Int32 {
    get { dimension < 4 ? low[dimension] : high[dimension - 4] }
    set {
      if dimension < 4 {
        low[dimension] = newValue
      } else {
        high[dimension - 4] = newValue
      }
    }
  }
}
