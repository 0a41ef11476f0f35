import CKernels
import Runtime

/// Elements that one thread draws at once: a multiple of the generator's block of 64.
private let randomChunk = 1 << 16

extension Tensor {
  /// Independent normal numbers; element `i` is a function of the stream and `i` alone.
  public static func gaussian(
    _ shape: Shape, mean: Float = 0, deviation: Float = 1, from stream: RandomStream
  ) -> Tensor {
    drawn(shape) { target, begin, count in
      kk_random_gaussian(
        target, mean, deviation, stream.seed, stream.stream, UInt64(begin), count)
    }
  }

  /// Independent numbers uniform in `range`; element `i` is a function of the stream and `i` alone.
  public static func uniform(
    _ shape: Shape, in range: Range<Float> = 0..<1, from stream: RandomStream
  ) -> Tensor {
    drawn(shape) { target, begin, count in
      kk_random_uniform(
        target, range.lowerBound, range.upperBound - range.lowerBound, stream.seed, stream.stream,
        UInt64(begin), count)
    }
  }

  /// `value` with probability `keep`, else 0; element `i` is a function of the stream and `i` alone.
  public static func bernoulli(
    _ shape: Shape, keep: Float, value: Float = 1, from stream: RandomStream
  ) -> Tensor {
    require(keep >= 0 && keep <= 1, "a probability of \(keep)")
    return drawn(shape) { target, begin, count in
      kk_random_bernoulli(target, keep, value, stream.seed, stream.stream, UInt64(begin), count)
    }
  }

  private static func drawn(
    _ shape: Shape, _ draw: (UnsafeMutablePointer<Float>, Int, Int) -> Void
  ) -> Tensor {
    let result = Tensor(uninitialized: shape)
    withExtendedLifetime(result) {
      parallelChunks(shape.count, of: randomChunk) { range in
        draw(result.pointer + range.lowerBound, range.lowerBound, range.count)
      }
    }
    return result
  }
}
