import CKernels
import Runtime
import Tensor

// Sums and means. All add up in an order that the shape alone decides.
extension Context {
  /// The sum over all elements, a tensor `[1]`.
  public func sum(_ x: Variable) -> Variable { reduced(x, scale: 1) }

  /// The mean over all elements, a tensor `[1]`.
  public func mean(_ x: Variable) -> Variable {
    reduced(x, scale: 1 / Double(max(x.shape.count, 1)))
  }

  private func reduced(_ x: Variable, scale: Double) -> Variable {
    let x = materialized(x)
    let dense = x.raw.contiguous()
    let count = dense.shape.count
    var total = 0.0
    for begin in stride(from: 0, to: count, by: 1 << 15) {
      var part = 0.0
      kk_sum(&part, dense.pointer + begin, min(1 << 15, count - begin))
      total += part
    }
    let y = Tensor([Float(total * scale)], shape: [1])
    guard let tape, x.needsGradient else { return Variable(raw: y, node: -1) }
    let node = tape.record { slot in
      let g = slot.materialized()!.scalar * Float(scale)
      tape.deposit(Tensor(repeating: g, shape: x.shape), to: x.node)
    }
    return Variable(raw: y, node: node)
  }

  /// The sum over the last dimension: `[…, channels]` to `[…, 1]`.
  public func sumOverChannels(_ x: Variable) -> Variable {
    let x = materialized(x)
    let channels = x.shape.channels
    let y = Tensor(uninitialized: x.shape.with(channels: 1))
    parallelRows(x.shape) { rows in
      for row in rows {
        var total = 0.0
        kk_sum(&total, x.raw.pointer + row * x.raw.rowStride, channels)
        y.pointer[row] = Float(total)
      }
    }
    guard let tape, x.needsGradient else { return Variable(raw: y, node: -1) }
    let node = tape.record { slot in
      let g = slot.materialized()!
      let dx = Tensor(uninitialized: x.shape)
      parallelRows(x.shape) { rows in
        for row in rows {
          kk_fill(dx.pointer + row * channels, channels, g.pointer[row * g.rowStride])
        }
      }
      tape.deposit(dx, to: x.node)
    }
    return Variable(raw: y, node: node)
  }

  /// The sum over the first dimension: `[batch, …]` to `[1, …]`.
  public func sumOverSamples(_ x: Variable) -> Variable {
    precondition(x.shape.rank >= 2, "a sum over the samples of \(x.shape)")
    let x = materialized(x)
    let dense = x.raw.contiguous()
    let samples = x.shape[0]
    let size = x.shape.count / max(samples, 1)
    var extents = x.shape.array
    extents[0] = 1
    let y = Tensor(shape: Shape(extents))
    parallelChunks(size, of: 4096) { range in
      for sample in 0..<samples {
        kk_axpy(
          y.pointer + range.lowerBound, dense.pointer + sample * size + range.lowerBound,
          range.count, 1)
      }
    }
    guard let tape, x.needsGradient else { return Variable(raw: y, node: -1) }
    let node = tape.record { slot in
      let g = slot.materialized()!.contiguous()
      let dx = Tensor(uninitialized: x.shape)
      parallelFor(samples) { sample in
        (dx.pointer + sample * size).update(from: g.pointer, count: size)
      }
      tape.deposit(dx, to: x.node)
    }
    return Variable(raw: y, node: node)
  }
}
