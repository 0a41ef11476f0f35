import CKernels
import Runtime
import Tensor

/// The gradients of y = x·Wᵀ + b in one pass over the rows, which are cut by the shape alone.
package struct LinearGradients {
  /// `[outputs, inputs]`.
  package let weight: Tensor
  /// `[outputs]`.
  package let bias: Tensor
  /// Of x, `[rows, inputs]`; nil where nobody asks.
  package let inputs: Tensor?

  /// From the gradient of y.
  ///
  /// - Parameters:
  ///   - g: `[rows, outputs]`.
  ///   - x: `[rows, inputs]`.
  ///   - matrix: W, `[outputs, inputs]`, where the gradient of x is asked for.
  package init(of g: Tensor, x: Tensor, through matrix: Tensor?) {
    let (rows, outputs, inputs) = (g.shape[0], g.shape[1], x.shape[1])
    let chunk = Int(kk_pointwise_backward_chunk_rows(rows, inputs, outputs))
    let chunks = (rows + chunk - 1) / chunk
    let weights = PartialSums(count: chunks, size: outputs * inputs)
    let biases = PartialSums(count: chunks, size: outputs)
    let dx = matrix.map { _ in Tensor(uninitialized: [rows, inputs]) }
    let packed = matrix.map { matrix in
      let packed = Tensor(uninitialized: Shape(count: Int(kk_packed_floats(outputs, inputs))))
      kk_gemm_pack(packed.pointer, matrix.pointer, matrix.rowStride, outputs, inputs, 0)
      return packed
    }
    let scratch = Int(kk_pointwise_backward_scratch_floats(inputs, outputs))
    parallelChunks(rows, of: chunk) { range in
      let index = range.lowerBound / chunk
      kk_pointwise_backward(
        dx.map { $0.pointer + range.lowerBound * inputs }, nil, nil, weights.clear(index),
        biases.clear(index), g.pointer + range.lowerBound * g.rowStride,
        x.pointer + range.lowerBound * x.rowStride, packed?.pointer, nil, range.count, inputs,
        outputs, inputs, inputs, g.rowStride, x.rowStride, 0, nil, nil,
        threadScratch(floats: scratch))
    }
    weight = Tensor(shape: [outputs, inputs])
    bias = Tensor(shape: [outputs])
    weights.add(from: 0, count: outputs * inputs, to: weight.pointer)
    biases.add(from: 0, count: outputs, to: bias.pointer)
    self.inputs = dx
  }
}
