import CKernels
import Runtime
import Tensor

/// Vectors behind the digital-to-analog converters.
struct ConvertedInputs {
  /// In units of each vector's largest, `[batch, rows]`.
  let values: Tensor
  /// Each vector's largest.
  let scales: [Float]

  /// - Parameter scales: What vectors are divided by; their largest inputs where it is not given.
  init(_ x: Tensor, _ dac: Converter, scales given: [Float]? = nil) {
    let (batch, width) = (x.shape[0], x.shape[1])
    let values = Tensor(uninitialized: [batch, width])
    var scales = given ?? [Float](repeating: 0, count: batch)
    scales.withUnsafeMutableBufferPointer { scales in
      nonisolated(unsafe) let scales = scales
      parallelChunks(batch, of: 16) { range in
        let source = x.pointer + range.lowerBound * x.rowStride
        let target = scales.baseAddress! + range.lowerBound
        if given == nil { kk_row_maxima(target, source, range.count, width, x.rowStride) }
        kk_dac(
          values.pointer + range.lowerBound * width, source, target, range.count, width, width,
          x.rowStride, dac.step, dac.bound)
      }
    }
    self.values = values
    self.scales = scales
  }

  /// Σ of each vector's inputs as they were sent.
  func totals() -> [Float] {
    let width = values.shape[1]
    let first = values.pointer
    return scales.enumerated().map { vector, scale in
      var sum = 0.0
      for index in 0..<width { sum += Double(first[vector * width + index]) }
      return Float(sum) * scale
    }
  }
}
