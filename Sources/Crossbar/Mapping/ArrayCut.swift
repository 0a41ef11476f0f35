import Runtime

/// How a matrix is cut over arrays of one size.
///
/// Whole kernels are kept together: an array holds ⌊rows/taps⌋ input channels, all taps of each (Wu et
/// al. 2023, arXiv 2305.14547; MNSIM does the same).
public struct ArrayCut: Hashable, Sendable {
  /// Word lines of an array.
  public var rows: Int
  /// Bit lines of an array.
  public var columns: Int

  /// Arrays of this size.
  public init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
  }

  /// The inputs of each array: ranges of the matrix's inputs, all taps of a channel together.
  ///
  /// - Throws: `KirchhoffError` when a kernel has more taps than an array has rows.
  public func rows(of channels: Int, taps: Int, name: String) throws -> [Range<Int>] {
    guard taps <= rows else {
      throw KirchhoffError(
        .config, subject: name, place: "rows of an array", found: "\(rows)",
        expected: "at least \(taps), the taps of a kernel")
    }
    return pieces(of: channels * taps, each: rows / taps * taps)
  }

  /// The outputs of each array: ranges of the matrix's outputs, each weight on `each` bit lines.
  ///
  /// - Throws: `KirchhoffError` when a weight takes more columns than an array has.
  public func columns(of outputs: Int, each: Int, name: String) throws -> [Range<Int>] {
    guard each <= columns else {
      throw KirchhoffError(
        .config, subject: name, place: "columns of an array", found: "\(columns)",
        expected: "at least \(each), those of a weight")
    }
    return pieces(of: outputs, each: columns / each)
  }

  private func pieces(of count: Int, each: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: each).map { $0..<min($0 + each, count) }
  }
}
