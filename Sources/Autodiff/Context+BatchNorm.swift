import CKernels
import Runtime
import Tensor

extension Context {
  /// Batch norm over all dimensions but the last, and an activation; both are deferred to the layer
  /// after (Ioffe and Szegedy, ICML 2015).
  ///
  /// - Parameters:
  ///   - x: `[…, channels]`; a layer called with `forNorm` has left its channel sums.
  ///   - gamma: `[channels]`.
  ///   - beta: `[channels]`.
  ///   - slot: Where the means and variances of inference are.
  ///   - activation: What follows the norm.
  ///   - epsilon: Added to the variance.
  public func batchNorm(
    _ x: Variable, gamma: VectorWindow, beta: VectorWindow, slot: NormSlot,
    activation: ActivationFunction = .identity, epsilon: Float = 1e-5
  ) -> Variable {
    let x = materialized(x)
    let channels = x.shape.channels
    precondition(
      gamma.count == channels && beta.count == channels && channels <= slot.channels,
      "batch norm of \(x.shape) with \(gamma.count) scales and \(slot.channels) statistics")
    let rows = x.shape.rows
    let batch = BatchMoments(channels: channels)
    if mode == .inference {
      batch.load(from: norms, slot)
    } else {
      let sums = x.statistics ?? x.raw.channelSums()
      kk_batchnorm_moments(
        batch.mean, batch.variance, sums.first(0), sums.second(0), 2 * channels, sums.chunks, rows,
        channels)
      norms.observe(
        slot, means: batch.mean, variances: batch.variance, channels: channels, count: rows,
        samples: x.shape[0], mode: mode)
    }
    let affine = Tensor(uninitialized: [3, channels])
    kk_batchnorm_affine(
      affine.pointer, affine.pointer + channels, affine.pointer + 2 * channels, batch.mean,
      batch.variance, store.values + gamma.offset, store.values + beta.offset, Double(epsilon),
      channels)
    let transform = Transform(
      affine: Transform.Affine(
        scale: affine.prefix(0..<1), shift: affine.prefix(1..<2)), activation: activation)
    guard records(x, parameters: gamma.parameter, beta.parameter), let tape else {
      return Variable(raw: x.raw, transform: transform, node: -1)
    }
    let count = mode == .inference ? 0 : rows
    let node = tape.record { slot in
      guard case .plain(let g, let known) = slot else {
        preconditionFailure("a batch norm followed by another without a layer between")
      }
      let sums = known ?? g.gradientSums(at: x.raw)
      let coefficients = Tensor(uninitialized: [3, channels])
      let gammaTarget = gradientTarget(gamma.parameter)
      let betaTarget = gradientTarget(beta.parameter)
      kk_batchnorm_gradient_coefficients(
        coefficients.pointer, coefficients.pointer + channels,
        coefficients.pointer + 2 * channels, gammaTarget.map { $0 + gamma.offset },
        betaTarget.map { $0 + beta.offset }, sums.first(0), sums.second(0), 2 * channels,
        sums.chunks, batch.mean, affine.pointer + 2 * channels, store.values + gamma.offset, count,
        channels)
      if x.needsGradient {
        tape.deposit(NormalizedGradient(g: g, y: x.raw, coefficients: coefficients), to: x.node)
      }
    }
    return Variable(raw: x.raw, transform: transform, node: node)
  }
}

/// The means and biased variances of one batch, in double precision.
private final class BatchMoments {
  private let memory: PooledMemory
  let channels: Int

  init(channels: Int) {
    memory = PooledMemory(count: 4 * channels)
    self.channels = channels
  }

  var mean: UnsafeMutablePointer<Double> {
    UnsafeMutableRawPointer(memory.floats).assumingMemoryBound(to: Double.self)
  }

  var variance: UnsafeMutablePointer<Double> { mean + channels }

  func load(from norms: NormStatistics, _ slot: NormSlot) {
    for channel in 0..<channels {
      mean[channel] = Double(norms.means[slot.offset + channel])
      variance[channel] = Double(norms.variances[slot.offset + channel])
    }
  }
}

extension Tensor {
  /// Chunks of the batch-norm kernels, fixed by the shape.
  private var normChunk: Int { Int(kk_batchnorm_chunk(shape.rows, shape.channels)) }

  /// Σx and Σx² by channel.
  fileprivate func channelSums() -> ChannelSums {
    let chunk = normChunk
    let sums = ChannelSums(chunks: (shape.rows + chunk - 1) / chunk, channels: shape.channels)
    parallelChunks(shape.rows, of: chunk) { rows in
      let index = rows.lowerBound / chunk
      kk_batchnorm_statistics(
        sums.first(index), sums.second(index), pointer, rowStride, shape.channels, rows.lowerBound,
        rows.upperBound)
    }
    return sums
  }

  /// Σg and Σg·x by channel, this tensor being g.
  fileprivate func gradientSums(at x: Tensor) -> ChannelSums {
    let chunk = normChunk
    let sums = ChannelSums(chunks: (shape.rows + chunk - 1) / chunk, channels: shape.channels)
    parallelChunks(shape.rows, of: chunk) { rows in
      let index = rows.lowerBound / chunk
      kk_batchnorm_gradient_sums(
        nil, 0, sums.first(index), sums.second(index), pointer, rowStride, x.pointer, x.rowStride,
        nil, shape.channels, rows.lowerBound, rows.upperBound)
    }
    return sums
  }
}

extension Transform {
  /// activation(scale·x + shift), written out.
  func applied(to x: Tensor) -> Tensor { Transform.sum(x, self, nil, nil) }

  /// T(x) + U(r), written out; without `r`, T(x).
  static func sum(_ x: Tensor, _ transform: Transform?, _ r: Tensor?, _ other: Transform?)
    -> Tensor
  {
    let y = Tensor(uninitialized: x.shape)
    let channels = x.shape.channels
    parallelRows(x.shape) { rows in
      var input = transform.kernelInput
      var residualInput = other.kernelInput
      kk_batchnorm_apply(
        y.pointer, channels, x.pointer, x.rowStride, &input, r?.pointer, r?.rowStride ?? 0,
        &residualInput, channels, rows.lowerBound, rows.upperBound)
    }
    return y
  }

  /// The gradient before the activation, from that of the transformed values, and its channel sums
  /// where a batch norm needs them.
  func gradient(_ dy: Tensor, at x: Tensor) -> (Tensor, ChannelSums?) {
    if activation == .identity && affine == nil { return (dy, nil) }
    let channels = x.shape.channels
    if affine == nil && dy.isContiguous && x.isContiguous {
      // No norm asks for channel sums.
      let g = Tensor(uninitialized: x.shape)
      parallelRows(x.shape) { rows in
        let first = rows.lowerBound * channels
        kk_activation_backward(
          g.pointer + first, dy.pointer + first, x.pointer + first, rows.count * channels,
          kernelInput.activation)
      }
      return (g, nil)
    }
    let chunk = Int(kk_batchnorm_chunk(x.shape.rows, channels))
    let sums = ChannelSums(chunks: (x.shape.rows + chunk - 1) / chunk, channels: channels)
    let g = activation == .identity ? dy : Tensor(uninitialized: x.shape)
    parallelChunks(x.shape.rows, of: chunk) { rows in
      let index = rows.lowerBound / chunk
      var input = kernelInput
      kk_batchnorm_gradient_sums(
        activation == .identity ? nil : g.pointer, channels, sums.first(index), sums.second(index),
        dy.pointer, dy.rowStride, x.pointer, x.rowStride, &input, channels, rows.lowerBound,
        rows.upperBound)
    }
    return (g, affine == nil ? nil : sums)
  }
}
