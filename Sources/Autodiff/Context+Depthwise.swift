import CKernels
import Runtime
import Tensor

extension Context {
  /// Depthwise convolution, padding `size / 2`.
  ///
  /// - Parameters:
  ///   - x: `[batch, height, width, channels]`; a deferred transform is applied on load.
  ///   - weight: a window of a kernel `[size, size, channels]`.
  ///   - stride: of both directions.
  ///   - forNorm: leaves the channel sums that a batch norm after it needs.
  /// - Returns: `[batch, ⌈height/stride⌉, ⌈width/stride⌉, channels]`.
  public func depthwise(
    _ x: Variable, weight: KernelWindow, stride: Int = 1, forNorm: Bool = false
  ) -> Variable {
    precondition(
      x.shape.rank == 4 && x.shape[3] == weight.outputs,
      "depthwise of \(x.shape) with a kernel of \(weight.outputs) channels")
    let x = quantised(x, for: weight.parameter)
    let call = DepthwiseCall(x: x, weight: weight, stride: stride, store: store)
    if let y = externalDepthwise(x, weight: weight, stride: stride, outputShape: call.outputShape) {
      return y
    }
    let y = Tensor(uninitialized: call.outputShape)
    let sums = forNorm && mode != .inference ? call.makeSums() : nil
    call.forward(into: y, sums: sums)
    guard records(x, parameters: weight.parameter) else {
      return Variable(raw: y, node: -1, statistics: sums)
    }
    let node = tape!.record { slot in
      withSlot(slot) { g, gradient in
        call.backward(g, through: gradient, in: self)
      }
    }
    return Variable(raw: y, node: node, statistics: sums)
  }
}

/// One depthwise convolution with what both its passes need.
private struct DepthwiseCall {
  let x: Variable
  let weight: KernelWindow
  let shape: kk_depthwise
  let batch: Int
  let chunk: Int
  let kernelWeight: kk_depthwise_weight
  let outputShape: Shape

  init(x: Variable, weight: KernelWindow, stride: Int, store: ParameterStore) {
    self.x = x
    self.weight = weight
    shape = kk_depthwise(
      height: x.shape[1], width: x.shape[2], channels: weight.outputs, kernel: weight.size,
      stride: stride)
    batch = x.shape[0]
    chunk = kk_depthwise_chunk(shape, batch)
    kernelWeight = kk_depthwise_weight(
      data: store.values + weight.offset, tap_stride: weight.tapStride,
      row_stride: weight.rowStride)
    outputShape = [
      batch, (x.shape[1] - 1) / stride + 1, (x.shape[2] - 1) / stride + 1, weight.outputs,
    ]
  }

  func makeSums() -> ChannelSums {
    ChannelSums(chunks: (batch + chunk - 1) / chunk, channels: weight.outputs)
  }

  func forward(into y: Tensor, sums: ChannelSums?) {
    parallelChunks(batch, of: chunk) { images in
      let index = images.lowerBound / chunk
      var input = x.transform.kernelInput
      kk_depthwise_forward(
        y.pointer, y.rowStride, sums?.first(index), sums?.second(index), x.raw.pointer,
        x.raw.rowStride, &input, kernelWeight, nil, KK_ACT_NONE, shape, images.lowerBound,
        images.upperBound, threadScratch(floats: kk_depthwise_forward_scratch(shape)))
    }
  }

  func backward(_ g: Tensor, through gradient: kk_gradient, in context: Context) {
    let dx = x.needsGradient ? Tensor(uninitialized: x.shape) : nil
    let sums = dx != nil && x.transform?.affine != nil ? makeSums() : nil
    let target = context.gradientTarget(weight.parameter)
    let size = weight.size
    let partials = target.map { _ in
      PartialSums(count: (batch + chunk - 1) / chunk, size: size * size * weight.outputs)
    }
    parallelChunks(batch, of: chunk) { images in
      let index = images.lowerBound / chunk
      var input = x.transform.kernelInput
      var gradient = gradient
      kk_depthwise_backward(
        dx?.pointer, x.shape.channels, sums?.first(index), sums?.second(index),
        partials?.clear(index), weight.outputs, size * weight.outputs, g.pointer, g.rowStride,
        &gradient, x.raw.pointer, x.raw.rowStride, &input, kernelWeight, shape, images.lowerBound,
        images.upperBound, threadScratch(floats: kk_depthwise_backward_scratch(shape)))
    }
    if let target, let partials {
      for row in 0..<size {
        for tap in 0..<size {
          partials.add(
            from: (row * size + tap) * weight.outputs, count: weight.outputs,
            to: target + weight.offset + row * weight.rowStride + tap * weight.tapStride)
        }
      }
    }
    if let dx { context.tape!.deposit(dx, sums: sums, to: x.node) }
  }
}
