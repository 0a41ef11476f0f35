import CKernels
import Runtime
import Tensor

extension Context {
  /// Layer norm with an affine per channel (Ba et al., 2016).
  ///
  /// - Parameters:
  ///   - x: `[batch, tokens…, channels]`.
  ///   - gamma: `[channels]`.
  ///   - beta: `[channels]`.
  ///   - joint: Whether mean and variance are over all tokens and channels of a sample (NASViT)
  ///     instead of over the channels of each token.
  ///   - epsilon: Added to the variance.
  public func layerNorm(
    _ x: Variable, gamma: VectorWindow, beta: VectorWindow, joint: Bool = false,
    epsilon: Float = 1e-5
  ) -> Variable {
    let x = materialized(x)
    let channels = x.shape.channels
    precondition(
      gamma.count == channels && beta.count == channels,
      "layer norm of \(x.shape) with \(gamma.count) scales")
    let tokens = joint ? x.shape.rows / x.shape[0] : 1
    let groups = x.shape.rows / tokens
    let groupChunk = max(1, 32_768 / (channels * tokens))
    let y = Tensor(uninitialized: x.shape)
    let moments = Tensor(uninitialized: [2, groups])
    let scale = store.values + gamma.offset
    let shift = store.values + beta.offset
    parallelChunks(groups, of: groupChunk) { range in
      let row = range.lowerBound * tokens
      kk_layer_norm(
        y.pointer + row * channels, moments.pointer + range.lowerBound,
        moments.pointer + groups + range.lowerBound, x.raw.pointer + row * x.raw.rowStride, scale,
        shift, range.count, tokens, channels, channels, x.raw.rowStride, epsilon)
    }
    guard records(x, parameters: gamma.parameter, beta.parameter), let tape else {
      return Variable(raw: y, node: -1)
    }
    let node = tape.record { slot in
      let g = slot.materialized()!
      let added = x.needsGradient ? tape.takePlain(x.node) : nil
      let dx = Tensor(uninitialized: x.shape)
      // A chunk's share of the affine's gradient costs a pass over it, so backward chunks are larger.
      let chunk = max(groupChunk, (groups + 31) / 32)
      let partials = PartialSums(count: (groups + chunk - 1) / chunk, size: 2 * channels)
      parallelChunks(groups, of: chunk) { range in
        let row = range.lowerBound * tokens
        let partial = partials.clear(range.lowerBound / chunk)
        kk_layer_norm_backward(
          dx.pointer + row * channels, partial, partial + channels, g.pointer + row * g.rowStride,
          added.map { $0.pointer + row * $0.rowStride },
          x.raw.pointer + row * x.raw.rowStride, moments.pointer + range.lowerBound,
          moments.pointer + groups + range.lowerBound, scale, range.count, tokens, channels,
          channels, g.rowStride, added?.rowStride ?? 0, x.raw.rowStride)
      }
      if let target = gradientTarget(gamma.parameter) {
        partials.add(from: 0, count: channels, to: target + gamma.offset)
      }
      if let target = gradientTarget(beta.parameter) {
        partials.add(from: channels, count: channels, to: target + beta.offset)
      }
      if x.needsGradient { tape.deposit(dx, to: x.node) }
    }
    return Variable(raw: y, node: node)
  }
}
