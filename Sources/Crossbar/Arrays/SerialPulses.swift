import CKernels
import Runtime
import Tensor

/// Vectors as they are sent bit by bit.
struct SerialPulses {
  /// Bits and signs.
  let coding: InputCoding.Serial
  /// What a code of 1 stands for, for each vector.
  let scales: [Float]
  /// Codes, `[batch, rows]`, −largest…largest.
  private let codes: Tensor

  /// - Parameter given: What codes reach up to; the largest input of each vector where it is not given.
  init(_ x: Tensor, _ coding: InputCoding.Serial, largest given: [Float]? = nil) {
    self.coding = coding
    let (batch, width) = (x.shape[0], x.shape[1])
    let codes = Tensor(uninitialized: [batch, width])
    var scales = given ?? [Float](repeating: 0, count: batch)
    let largest = Float(coding.largestCode)
    scales.withUnsafeMutableBufferPointer { scales in
      nonisolated(unsafe) let scales = scales
      parallelChunks(batch, of: 16) { range in
        let (source, target) = (
          x.pointer + range.lowerBound * x.rowStride, scales.baseAddress! + range.lowerBound
        )
        if given == nil { kk_row_maxima(target, source, range.count, width, x.rowStride) }
        for vector in range { scales[vector] /= largest }
        kk_dac(
          codes.pointer + range.lowerBound * width, source, target, range.count, width, width,
          x.rowStride, 1, largest)
      }
    }
    self.codes = codes
    self.scales = scales
  }

  /// One bit of all codes as pulses of −1, 0 and 1: `[batch, rows]`.
  func pulses(_ bit: Int) -> Tensor {
    let result = Tensor(uninitialized: codes.shape)
    let (from, to) = (codes.pointer, result.pointer)
    parallelChunks(codes.shape.count, of: 1 << 14) { range in
      for index in range {
        let code = Int32(from[index])
        switch coding.signs {
        case .polarity:
          let pulse = Float(abs(code) >> Int32(bit) & 1)
          to[index] = code < 0 ? -pulse : pulse
        case .complement:
          to[index] = Float(code >> Int32(bit) & 1)
        }
      }
    }
    return result
  }

  /// Σ of each vector's inputs as they were sent.
  func totals() -> [Float] {
    let width = codes.shape[1]
    let first = codes.pointer
    return scales.enumerated().map { vector, scale in
      var sum: Float = 0
      // Whole numbers, exact in any order.
      for index in 0..<width { sum += first[vector * width + index] }
      return sum * scale
    }
  }

  /// The bits of groups of four inputs of some vectors (`kk_bitserial_subsets`).
  struct Subsets {
    /// Bits and signs.
    let coding: InputCoding.Serial
    /// How many vectors.
    let vectors: Int
    /// Of inputs that drive with the one polarity.
    let positive: UnsafePointer<UInt8>?
    /// Of those with the other; nil where there are none.
    let negative: UnsafePointer<UInt8>?
  }

  /// Calls with the subsets of some vectors.
  func withSubsets<R>(_ vectors: Range<Int>, _ body: (Subsets) -> R) -> R {
    let width = codes.shape[1]
    let first = codes.pointer + vectors.lowerBound * width
    func withPart(_ part: kk_code_part, _ body: (UnsafePointer<UInt8>?) -> R) -> R {
      withUnsafeTemporaryAllocation(
        of: UInt8.self, capacity: vectors.count * coding.bits * ((width + 3) / 4)
      ) { subsets in
        let isAny = kk_bitserial_subsets(
          subsets.baseAddress!, first, vectors.count, width, width, UInt32(coding.bits), part)
        return body(part == KK_CODE_NEGATIVE && isAny == 0 ? nil : subsets.baseAddress)
      }
    }
    func with(
      _ positive: UnsafePointer<UInt8>?, _ negative: UnsafePointer<UInt8>?
    ) -> R {
      body(
        Subsets(
          coding: coding, vectors: vectors.count, positive: positive, negative: negative))
    }
    switch coding.signs {
    case .complement:
      return withPart(KK_CODE_COMPLEMENT) { with($0, nil) }
    case .polarity:
      return withPart(KK_CODE_POSITIVE) { positive in
        withPart(KK_CODE_NEGATIVE) { with(positive, $0) }
      }
    }
  }
}
