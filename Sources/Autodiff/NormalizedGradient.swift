import CKernels
import Runtime
import Tensor

/// The gradient of a batch norm's input, not written out: d = a·g + b·y + c per channel.
struct NormalizedGradient {
  /// The gradient of the norm's output before the activation, `[rows…, channels]`.
  let g: Tensor
  /// The norm's raw input, of the same shape.
  let y: Tensor
  /// `[3, channels]`: a, b and c.
  let coefficients: Tensor

  var kernelGradient: kk_gradient {
    let a = UnsafePointer(coefficients.pointer)
    let channels = coefficients.shape[1]
    return kk_gradient(
      a: a, b: a + channels, c: a + 2 * channels, y: UnsafePointer(y.pointer),
      y_stride: y.rowStride)
  }

  /// The gradient as a tensor of its own.
  func materialized() -> Tensor {
    let d = Tensor(uninitialized: g.shape)
    let channels = g.shape.channels
    parallelRows(g.shape) { rows in
      var gradient = kernelGradient
      kk_batchnorm_gradient_apply(
        d.pointer, channels, g.pointer, g.rowStride, &gradient, channels, rows.lowerBound,
        rows.upperBound)
    }
    return d
  }
}

/// Calls `body` with the gradient of a slot and the transform that is still to be applied to it.
func withSlot(_ slot: Tape.Slot, _ body: (Tensor, kk_gradient) -> Void) {
  switch slot {
  case .empty:
    return
  case .plain(let g, _):
    body(g, kk_gradient(a: nil, b: nil, c: nil, y: nil, y_stride: 0))
  case .normalized(let normalized):
    withExtendedLifetime(normalized) { body(normalized.g, normalized.kernelGradient) }
  }
}

/// Runs `body` over chunks of rows whose size depends on the shape alone.
func parallelRows(_ shape: Shape, _ body: (Range<Int>) -> Void) {
  parallelChunks(shape.rows, of: rowChunk(shape), body)
}

/// Rows of one chunk: about 32 k floats, so that a chunk stays in the L2 cache between its passes.
func rowChunk(_ shape: Shape) -> Int {
  max(1, 32_768 / max(shape.channels, 1))
}
