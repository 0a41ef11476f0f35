/// The layout of tensors in memory and in files: the last index runs fastest.
package enum RowMajor {
  /// The indices of the value at a position, outermost first, as an error names them: `[2, 0, 5]`.
  package static func indices(of position: Int, in extents: [Int]) -> [Int] {
    var rest = position
    let reversed = extents.reversed().map { extent in
      defer { rest /= max(extent, 1) }
      return rest % max(extent, 1)
    }
    return reversed.reversed()
  }
}
