import CKernels

// Whole ranges at once, in parallel: the same numbers as element by element.
extension RandomStream {
  /// Writes Gaussian numbers (Box–Muller) of elements `begin ..< begin + count`.
  package func fillGaussian(
    _ target: UnsafeMutablePointer<Float>, count: Int, mean: Float = 0,
    standardDeviation: Float = 1, from begin: Int = 0
  ) {
    parallelChunks(count, of: RandomStream.fillChunk) { range in
      kk_random_gaussian(
        target + range.lowerBound, mean, standardDeviation, seed, stream,
        UInt64(begin + range.lowerBound), range.count)
    }
  }

  /// Writes uniform numbers in `[lower, upper)` of elements `begin ..< begin + count`.
  package func fillUniform(
    _ target: UnsafeMutablePointer<Float>, count: Int, lower: Float = 0, upper: Float = 1,
    from begin: Int = 0
  ) {
    parallelChunks(count, of: RandomStream.fillChunk) { range in
      kk_random_uniform(
        target + range.lowerBound, lower, upper - lower, seed, stream,
        UInt64(begin + range.lowerBound), range.count)
    }
  }

  /// Element `index` of the stream's standard Gaussian numbers.
  public func gaussian(at index: UInt64) -> Float {
    var value: Float = 0
    kk_random_gaussian(&value, 0, 1, seed, stream, index, 1)
    return value
  }

  private static var fillChunk: Int { 1 << 16 }
}
