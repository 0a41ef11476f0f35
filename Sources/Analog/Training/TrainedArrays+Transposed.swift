import Autodiff
import CKernels
import Crossbar
import Runtime
import Tensor

/// The backward pass of layers that are trained in memory: the same arrays, driven from their outputs.
extension TrainedArrays {
  /// The gradient of the vectors, `[vectors, inputs]`, as the transposed arrays give it.
  ///
  /// Each vector of errors is sent in units of its largest (noise management), passes the drivers' codes, and is
  /// read with the noise and the converters that the forward pass has.
  ///
  /// - Parameters:
  ///   - g: The gradient of the outputs, `[vectors, outputs]`.
  ///   - noise: The draws of these reads.
  func transposed(_ g: Tensor, _ factors: [[Float]], noise: RandomStream) -> Tensor {
    let dx = Tensor(shape: [g.shape[0], weight.shape[1]])
    for (row, inputs) in rowCut.enumerated() {
      let errors = scaled(g, by: factors[row])
      for (column, outputs) in columnCut.enumerated() {
        add(
          errors.channels(outputs), through: programmed.prefix(outputs).channels(inputs),
          to: dx.channels(inputs), noise: noise.derived(UInt64(row), UInt64(column)))
      }
    }
    return dx
  }

  /// The gradient with respect to what the converters of one cut of the inputs give.
  func scaled(_ g: Tensor, by factors: [Float]) -> Tensor {
    let result = Tensor(uninitialized: g.shape)
    let (source, target, stride) = (g.pointer, result.pointer, g.rowStride)
    let outputs = factors.count
    parallelChunks(g.shape[0], of: 1024) { vectors in
      for vector in vectors {
        for output in 0..<outputs {
          target[vector * outputs + output] = factors[output] * source[vector * stride + output]
        }
      }
    }
    return withExtendedLifetime(g) { result }
  }

  /// target += errors · array, both ends converted.
  private func add(
    _ errors: Tensor, through array: Tensor, to target: Tensor, noise: RandomStream
  ) {
    let (vectors, outputs, inputs) = (errors.shape[0], errors.shape[1], array.shape[1])
    let periphery = settings.hardware.periphery
    let sent = Tensor(uninitialized: [vectors, outputs])
    let scales = Tensor(uninitialized: [vectors])
    let (source, drives, sizes) = (errors.pointer, sent.pointer, scales.pointer)
    let stride = errors.rowStride
    parallelChunks(vectors, of: 1024) { range in
      let first = range.lowerBound
      kk_row_maxima(sizes + first, source + first * stride, range.count, outputs, stride)
      kk_dac(
        drives + first * outputs, source + first * stride, sizes + first, range.count, outputs,
        outputs, stride, periphery.dac.step, periphery.dac.bound)
    }
    let currents = matmul(sent, array)
    let (read, sum, sumStride) = (currents.pointer, target.pointer, target.rowStride)
    let limit = self.limit
    parallelChunks(vectors, of: 1024) { range in
      let first = read + range.lowerBound * inputs
      if periphery.outputNoise > 0 {
        kk_random_add_gaussian(
          first, first, periphery.outputNoise * limit, noise.seed, noise.stream,
          UInt64(range.lowerBound * inputs), range.count * inputs)
      }
      let adc = periphery.adc
      _ = kk_adc(
        sum + range.lowerBound * sumStride, first, sizes + range.lowerBound, nil, range.count,
        inputs, sumStride, inputs, adc.step * limit, adc.low * limit, adc.high * limit, 1)
    }
  }
}
