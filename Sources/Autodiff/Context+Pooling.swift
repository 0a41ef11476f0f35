import CKernels
import Runtime
import Tensor

// Pooling and gates, over maps `[batch, height, width, channels]` or tokens `[batch, tokens, channels]`.
extension Context {
  /// The mean over all positions.
  ///
  /// - Returns: `[batch, channels]`.
  public func globalAveragePool(_ x: Variable) -> Variable {
    let map = PooledMap(x)
    let y = Tensor(uninitialized: [map.batch, map.channels])
    map.forEachChunk { images, _ in
      var input = x.transform.kernelInput
      kk_global_pool_forward(
        y.pointer, map.channels, x.raw.pointer, x.raw.rowStride, &input, map.pixels, map.channels,
        images.lowerBound, images.upperBound)
    }
    guard let tape, x.needsGradient else { return Variable(raw: y, node: -1) }
    let node = tape.record { slot in
      let g = slot.materialized()!
      let dx = Tensor(uninitialized: x.shape)
      let sums = map.makeSums()
      map.forEachChunk { images, index in
        var input = x.transform.kernelInput
        kk_global_pool_backward(
          dx.pointer, map.channels, sums?.first(index), sums?.second(index), g.pointer, g.rowStride,
          x.raw.pointer, x.raw.rowStride, &input, map.pixels, map.channels, images.lowerBound,
          images.upperBound)
      }
      tape.deposit(dx, sums: sums, to: x.node)
    }
    return Variable(raw: y, node: node)
  }

  /// x times a gate per sample and channel (squeeze-excite).
  ///
  /// - Parameters:
  ///   - x: `[batch, height, width, channels]`.
  ///   - gates: `[batch, channels]`.
  public func gated(_ x: Variable, by gates: Variable) -> Variable {
    precondition(
      gates.shape == [x.shape[0], x.shape.channels], "gates \(gates.shape) for \(x.shape)")
    let map = PooledMap(x)
    let gates = materialized(gates)
    let y = Tensor(uninitialized: x.shape)
    map.forEachChunk { images, _ in
      var input = x.transform.kernelInput
      kk_gate_forward(
        y.pointer, map.channels, x.raw.pointer, x.raw.rowStride, &input, gates.raw.pointer,
        gates.raw.rowStride, map.pixels, map.channels, images.lowerBound, images.upperBound)
    }
    guard let tape, x.needsGradient || gates.needsGradient else {
      return Variable(raw: y, node: -1)
    }
    let node = tape.record { slot in
      let g = slot.materialized()!
      let dGates = Tensor(uninitialized: gates.shape)
      let dx = Tensor(uninitialized: x.shape)
      let sums = map.makeSums()
      map.forEachChunk { images, index in
        var input = x.transform.kernelInput
        kk_gate_backward_gate(
          dGates.pointer, map.channels, g.pointer, g.rowStride, x.raw.pointer, x.raw.rowStride,
          &input, map.pixels, map.channels, images.lowerBound, images.upperBound)
        kk_gate_backward_input(
          dx.pointer, map.channels, sums?.first(index), sums?.second(index), g.pointer, g.rowStride,
          gates.raw.pointer, gates.raw.rowStride, nil, 0, x.raw.pointer, x.raw.rowStride, &input,
          map.pixels, map.channels, images.lowerBound, images.upperBound)
      }
      if gates.needsGradient { tape.deposit(dGates, to: gates.node) }
      if x.needsGradient { tape.deposit(dx, sums: sums, to: x.node) }
    }
    return Variable(raw: y, node: node)
  }

  /// The mean of `size × size` windows.
  ///
  /// An odd side is padded with zeros that count, so that the result has ⌈side / stride⌉ positions
  /// a side.
  public func averagePool(_ x: Variable, size: Int, stride: Int) -> Variable {
    pool(x, size: size, stride: stride, KK_POOL_AVERAGE)
  }

  /// The largest of `size × size` windows.
  public func maxPool(_ x: Variable, size: Int, stride: Int) -> Variable {
    pool(x, size: size, stride: stride, KK_POOL_MAX)
  }

  private func pool(_ x: Variable, size: Int, stride: Int, _ kind: kk_pool_kind) -> Variable {
    precondition(
      x.shape.rank == 4, "pooling of \(x.shape), expected [batch, height, width, channels]")
    let map = PooledMap(x)
    let (height, width) = (x.shape[1], x.shape[2])
    let pads = height % stride != 0 || width % stride != 0 || size % 2 == 1
    let padding = pads ? size / 2 : 0
    let pool = kk_pool(
      height: height, width: width, channels: map.channels, kernel: size, stride: stride,
      padding: padding, kind: kind)
    let y = Tensor(
      uninitialized: [
        map.batch, (height + 2 * padding - size) / stride + 1,
        (width + 2 * padding - size) / stride + 1, map.channels,
      ])
    map.forEachChunk { images, _ in
      var input = x.transform.kernelInput
      kk_pool_forward(
        y.pointer, map.channels, x.raw.pointer, x.raw.rowStride, &input, pool, images.lowerBound,
        images.upperBound)
    }
    guard let tape, x.needsGradient else { return Variable(raw: y, node: -1) }
    let node = tape.record { slot in
      let g = slot.materialized()!
      let dx = Tensor(uninitialized: x.shape)
      let sums = map.makeSums()
      map.forEachChunk { images, index in
        var input = x.transform.kernelInput
        kk_pool_backward(
          dx.pointer, map.channels, sums?.first(index), sums?.second(index), g.pointer, g.rowStride,
          x.raw.pointer, x.raw.rowStride, &input, pool, images.lowerBound, images.upperBound)
      }
      tape.deposit(dx, sums: sums, to: x.node)
    }
    return Variable(raw: y, node: node)
  }
}

/// A map seen as positions by channels, cut into chunks of images.
private struct PooledMap {
  let batch: Int
  let pixels: Int
  let channels: Int
  private let chunk: Int
  private let wantsSums: Bool

  init(_ x: Variable) {
    precondition(x.shape.rank >= 2, "pooling of \(x.shape)")
    batch = x.shape[0]
    channels = x.shape.channels
    pixels = x.shape.rows / batch
    chunk = Int(kk_pool_chunk(pixels, channels, batch))
    wantsSums = x.transform?.affine != nil
  }

  func makeSums() -> ChannelSums? {
    wantsSums ? ChannelSums(chunks: (batch + chunk - 1) / chunk, channels: channels) : nil
  }

  func forEachChunk(_ body: (_ images: Range<Int>, _ index: Int) -> Void) {
    parallelChunks(batch, of: chunk) { body($0, $0.lowerBound / chunk) }
  }
}

/// Images resized to another side, as elastic resolution needs: bicubic with a = −0.75, corners not
/// aligned, as NASViT does.
///
/// - Parameter images: `[batch, height, width, channels]`, contiguous.
public func resized(_ images: Tensor, side: Int) -> Tensor {
  let shape = images.shape
  if shape[1] == side && shape[2] == side { return images }
  let images = images.contiguous()
  let result = Tensor(uninitialized: [shape[0], side, side, shape[3]])
  let scratch = Int(kk_resize_scratch(shape[2], shape[3], side))
  parallelChunks(shape[0], of: 8) { range in
    kk_resize_forward(
      result.pointer, images.pointer, KK_RESIZE_BICUBIC, shape[1], shape[2], shape[3], side, side,
      range.lowerBound, range.upperBound, threadScratch(floats: scratch))
  }
  return result
}
