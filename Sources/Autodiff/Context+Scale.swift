import CKernels
import Runtime
import Tensor

extension Context {
  /// factor·x.
  public func scaled(_ x: Variable, by factor: Float) -> Variable {
    if factor == 1 { return x }
    let x = materialized(x)
    let y = Context.scaled(x.raw, factor)
    guard let tape, x.needsGradient else { return Variable(raw: y, node: -1) }
    let node = tape.record { slot in
      tape.deposit(Context.scaled(slot.materialized()!, factor), to: x.node)
    }
    return Variable(raw: y, node: node)
  }

  static func scaled(_ x: Tensor, _ factor: Float) -> Tensor {
    let x = x.contiguous()
    let y = Tensor(uninitialized: x.shape)
    parallelChunks(x.shape.count, of: 1 << 15) { range in
      kk_scale(y.pointer + range.lowerBound, x.pointer + range.lowerBound, range.count, factor)
    }
    return y
  }
}
