import CKernels
import Runtime
import Tensor

extension Context {
  /// Dropout: zeroes each element with probability `rate` and scales the others by 1/(1 − rate); the
  /// identity outside training.
  ///
  /// No mask is stored: the backward pass draws the same numbers again.
  public func dropout(_ x: Variable, rate: Float, stream: RandomStream) -> Variable {
    guard mode == .training, rate > 0 else { return x }
    let x = materialized(x)
    let y = Context.masked(x.raw, keep: 1 - rate, stream: stream)
    guard records(x) else { return Variable(raw: y, node: -1) }
    let tape = tape!
    let node = tape.record { slot in
      let g = slot.materialized()!
      tape.deposit(Context.masked(g, keep: 1 - rate, stream: stream), to: x.node)
    }
    return Variable(raw: y, node: node)
  }

  private static func masked(_ x: Tensor, keep: Float, stream: RandomStream) -> Tensor {
    let x = x.contiguous()
    let y = Tensor(uninitialized: x.shape)
    parallelChunks(x.shape.count, of: 1 << 15) { range in
      kk_random_dropout(
        y.pointer + range.lowerBound, x.pointer + range.lowerBound, keep, stream.seed,
        stream.stream, UInt64(range.lowerBound), range.count)
    }
    return y
  }

  /// Drop-path (stochastic depth): zeroes a residual branch for whole samples with probability
  /// `rate` and scales the others by 1/(1 − rate); the identity outside training.
  ///
  /// Huang et al., "Deep networks with stochastic depth", ECCV 2016.
  public func dropPath(_ branch: Variable, rate: Float, stream: RandomStream) -> Variable {
    guard mode == .training, rate > 0 else { return branch }
    let samples = branch.shape[0]
    let factors = Tensor(uninitialized: [samples])
    kk_random_bernoulli(
      factors.pointer, 1 - rate, 1 / (1 - rate), stream.seed, stream.stream, 0, samples)
    let branch = materialized(branch)
    let y = Context.scaledSamples(branch.raw, by: factors)
    guard records(branch) else { return Variable(raw: y, node: -1) }
    let tape = tape!
    let node = tape.record { slot in
      tape.deposit(Context.scaledSamples(slot.materialized()!, by: factors), to: branch.node)
    }
    return Variable(raw: y, node: node)
  }

  private static func scaledSamples(_ x: Tensor, by factors: Tensor) -> Tensor {
    let x = x.contiguous()
    let y = Tensor(uninitialized: x.shape)
    let size = x.shape.count / x.shape[0]
    parallelFor(x.shape[0]) { sample in
      let factor = factors.pointer[sample]
      let source = x.pointer + sample * size
      let target = y.pointer + sample * size
      for i in 0..<size { target[i] = factor * source[i] }
    }
    return y
  }
}
