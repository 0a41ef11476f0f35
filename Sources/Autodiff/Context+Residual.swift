import CKernels
import Runtime
import Tensor

extension Context {
  /// x + branch, deferred batch norms of both applied on the way.
  public func add(_ x: Variable, _ branch: Variable) -> Variable {
    precondition(x.shape == branch.shape, "sum of \(x.shape) and \(branch.shape)")
    let x = withoutActivation(x)
    let branch = withoutActivation(branch)
    let y = Transform.sum(x.raw, x.transform, branch.raw, branch.transform)
    guard records(x, branch), let tape else { return Variable(raw: y, node: -1) }
    let node = tape.record { slot in
      let g = slot.materialized()!
      if branch.needsGradient { tape.deposit(g, to: branch.node) }
      if x.needsGradient { tape.deposit(g, to: x.node) }
    }
    return Variable(raw: y, node: node)
  }

  /// x + factor·scale[c]·branch: a residual branch with LayerScale (Touvron et al., ICCV 2021) or
  /// switchable scaling (NASViT); without `scale`, x + factor·branch.
  public func add(_ x: Variable, _ branch: Variable, scale: VectorWindow?, factor: Float)
    -> Variable
  {
    if scale == nil && factor == 1 { return add(x, branch) }
    precondition(x.shape == branch.shape, "sum of \(x.shape) and \(branch.shape)")
    let channels = x.shape.channels
    let x = materialized(x)
    let branch = materialized(branch)
    let y = Tensor(uninitialized: x.shape)
    let ones = scale == nil ? Tensor(repeating: 1, shape: [channels]) : nil
    let values = scale.map { store.values + $0.offset } ?? ones!.pointer
    withExtendedLifetime(ones) {
      parallelRows(x.shape) { rows in
        let first = rows.lowerBound
        kk_residual_scale(
          y.pointer + first * channels, x.raw.pointer + first * x.raw.rowStride,
          branch.raw.pointer + first * branch.raw.rowStride, values, rows.count, channels, channels,
          x.raw.rowStride, branch.raw.rowStride, factor)
      }
    }
    guard let tape, x.needsGradient || branch.needsGradient || scale != nil else {
      return Variable(raw: y, node: -1)
    }
    let node = tape.record { slot in
      let g = slot.materialized()!
      if let scale {
        let df = scaledBackward(g, branch: branch.raw, scale: scale, factor: factor)
        if branch.needsGradient { tape.deposit(df, to: branch.node) }
      } else if branch.needsGradient {
        tape.deposit(Context.scaled(g, factor), to: branch.node)
      }
      if x.needsGradient { tape.deposit(g, to: x.node) }
    }
    return Variable(raw: y, node: node)
  }

  /// factor·scale[c]·g, the gradient of a scaled branch; that of the scale adds up on the way.
  private func scaledBackward(
    _ g: Tensor, branch: Tensor, scale: VectorWindow, factor: Float
  ) -> Tensor {
    let (rows, channels) = (g.shape.rows, g.shape.channels)
    let values = store.values + scale.offset
    let df = Tensor(uninitialized: g.shape)
    let chunk = max(rowChunk(g.shape), (rows + 31) / 32)
    let partials = PartialSums(count: (rows + chunk - 1) / chunk, size: channels)
    parallelChunks(rows, of: chunk) { range in
      let first = range.lowerBound
      kk_residual_scale_backward(
        df.pointer + first * channels, partials.clear(first / chunk),
        g.pointer + first * g.rowStride, branch.pointer + first * branch.rowStride, values,
        range.count, channels, channels, g.rowStride, branch.rowStride, factor)
    }
    if let target = gradientTarget(scale.parameter) {
      partials.add(from: 0, count: channels, to: target + scale.offset)
    }
    return df
  }

  private func withoutActivation(_ x: Variable) -> Variable {
    x.transform.isLinear ? x : materialized(x)
  }
}

/// a + b, in new memory.
func add(_ a: Tensor, _ b: Tensor) -> Tensor {
  precondition(a.shape == b.shape, "sum of gradients \(a.shape) and \(b.shape)")
  return Transform.sum(a, nil, b, nil)
}
