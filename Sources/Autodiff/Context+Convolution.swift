import CKernels
import Runtime
import Tensor

extension Context {
  /// Dense or grouped convolution, padding `size / 2`.
  ///
  /// - Parameters:
  ///   - x: `[batch, height, width, inputs]`; a deferred transform is applied on load.
  ///   - weight: A window of a kernel `[outputs, size, size, inputs / groups]`.
  ///   - bias: `[outputs]`, or none.
  ///   - stride: Of both directions.
  ///   - groups: Groups of channels that do not see each other.
  ///   - forNorm: Leaves the channel sums that a batch norm after it needs.
  /// - Returns: `[batch, ⌈height/stride⌉, ⌈width/stride⌉, outputs]`.
  public func convolution(
    _ x: Variable, weight: KernelWindow, bias: VectorWindow? = nil, stride: Int = 1,
    groups: Int = 1, forNorm: Bool = false
  ) -> Variable {
    precondition(
      x.shape.rank == 4 && x.shape[3] == weight.inputs * groups && weight.outputs % groups == 0,
      "convolution of \(x.shape) with a kernel of \(weight.inputs) inputs in \(groups) groups")
    let x = quantised(x, for: weight.parameter)
    let call = ConvolutionCall(
      x: x, weight: weight, bias: bias, stride: stride, groups: groups, store: store)
    if let y = externalConvolution(
      x, kernel: call.kernel, weight: weight, bias: bias, stride: stride, groups: groups,
      outputShape: call.outputShape)
    {
      return y
    }
    let y = Tensor(uninitialized: call.outputShape)
    let sums = forNorm && mode != .inference ? call.makeForwardSums() : nil
    call.forward(into: y, sums: sums)
    guard records(x, parameters: weight.parameter, bias?.parameter), let tape
    else { return Variable(raw: y, node: -1, statistics: sums) }
    let node = tape.record { slot in
      withSlot(slot) { g, gradient in call.backward(g, through: gradient, in: self) }
    }
    return Variable(raw: y, node: node, statistics: sums)
  }
}

/// One convolution with what both its passes need.
private struct ConvolutionCall {
  let x: Variable
  let weight: KernelWindow
  let bias: VectorWindow?
  let store: ParameterStore
  let shape: kk_convolution
  let batch: Int
  let outputShape: Shape
  /// The window without gaps: `[outputs, size, size, inputs]`.
  let kernel: Tensor

  init(
    x: Variable, weight: KernelWindow, bias: VectorWindow?, stride: Int, groups: Int,
    store: ParameterStore
  ) {
    self.x = x
    self.weight = weight
    self.bias = bias
    self.store = store
    batch = x.shape[0]
    let size = weight.size
    var shape = kk_convolution()
    shape.height = x.shape[1]
    shape.width = x.shape[2]
    shape.in = x.shape[3]
    shape.out = weight.outputs
    shape.groups = groups
    shape.kernel_height = size
    shape.kernel_width = size
    shape.stride_height = stride
    shape.stride_width = stride
    shape.padding_height = size / 2
    shape.padding_width = size / 2
    shape.x_stride = x.raw.rowStride
    shape.y_stride = weight.outputs
    shape.weight_out = size * size * weight.inputs
    shape.weight_row = size * weight.inputs
    shape.weight_column = weight.inputs
    self.shape = shape
    outputShape = [
      batch, Int(kk_convolution_output_height(&shape)), Int(kk_convolution_output_width(&shape)),
      weight.outputs,
    ]
    kernel = Tensor(uninitialized: [weight.outputs, size, size, weight.inputs])
    for output in 0..<weight.outputs {
      for row in 0..<size {
        kk_copy_rows(
          kernel.pointer + (output * size + row) * size * weight.inputs,
          store.values + weight.offset + output * weight.outputStride + row * weight.rowStride,
          size, weight.inputs, weight.inputs, weight.tapStride)
      }
    }
  }

  /// Bands and bands a chunk of the forward pass.
  private var forwardWork: (bands: Int, chunk: Int) {
    withUnsafePointer(to: shape) { shape in
      (batch * Int(kk_convolution_bands(shape)), Int(kk_convolution_chunk(shape, batch)))
    }
  }

  private var backwardWork: (bands: Int, chunk: Int) {
    withUnsafePointer(to: shape) { shape in
      (
        batch * Int(kk_convolution_backward_bands(shape)),
        Int(kk_convolution_backward_chunk(shape, batch))
      )
    }
  }

  func makeForwardSums() -> ChannelSums {
    let (bands, chunk) = forwardWork
    return ChannelSums(chunks: (bands + chunk - 1) / chunk, channels: weight.outputs)
  }

  func forward(into y: Tensor, sums: ChannelSums?) {
    var shape = shape
    let packed = Tensor(uninitialized: [Int(kk_convolution_packed_floats(&shape))])
    kk_convolution_pack(packed.pointer, kernel.pointer, &shape)
    let scratch = Int(kk_convolution_scratch_floats(&shape))
    let biases = bias.map { store.stacked($0) }
    let (bands, chunk) = forwardWork
    parallelChunks(bands, of: chunk) { range in
      let index = range.lowerBound / chunk
      var shape = self.shape
      var input = x.transform.kernelInput
      var output = kk_output()
      output.bias = biases.map { UnsafePointer($0.pointer) }
      kk_convolution_forward(
        y.pointer, sums?.first(index), sums?.second(index), x.raw.pointer, packed.pointer,
        range.lowerBound, range.upperBound, &shape, &input, &output,
        threadScratch(floats: scratch))
    }
  }

  func backward(_ g: Tensor, through gradient: kk_gradient, in context: Context) {
    var shape = shape
    let (bands, chunk) = backwardWork
    let chunks = (bands + chunk - 1) / chunk
    let added =
      x.needsGradient && x.transform.isLinear ? context.tape!.takePlain(x.node) : nil
    let dx = x.needsGradient ? Tensor(uninitialized: x.shape) : nil
    let sums =
      dx != nil && x.transform?.affine != nil
      ? ChannelSums(chunks: chunks, channels: x.shape[3]) : nil
    let weightTarget = context.gradientTarget(weight.parameter)
    let biasTarget = bias.flatMap { context.gradientTarget($0.parameter) }
    let dWeight = weightTarget.map { _ in
      PartialSums(count: chunks, size: kernel.shape.count)
    }
    let dBias = biasTarget.map { _ in PartialSums(count: chunks, size: weight.outputs) }
    let packed = dx.map { _ in
      Tensor(uninitialized: [Int(kk_convolution_backward_packed_floats(&shape))])
    }
    if let packed { kk_convolution_backward_pack(packed.pointer, kernel.pointer, &shape) }
    let scratch = Int(kk_convolution_backward_scratch_floats(&shape))
    parallelChunks(bands, of: chunk) { range in
      let index = range.lowerBound / chunk
      var shape = self.shape
      var input = x.transform.kernelInput
      var gradient = gradient
      kk_convolution_backward(
        dx?.pointer, sums?.first(index), sums?.second(index), dWeight?.clear(index),
        dBias?.clear(index), g.pointer, x.raw.pointer, packed?.pointer, added?.pointer,
        range.lowerBound, range.upperBound, x.shape[3], g.rowStride, added?.rowStride ?? 0, &shape,
        &gradient, &input, threadScratch(floats: scratch))
    }
    if let weightTarget, let dWeight { addWeightGradient(dWeight, to: weightTarget) }
    if let biasTarget, let dBias, let bias {
      dBias.add(from: 0, count: weight.outputs, to: biasTarget + bias.offset)
    }
    if let dx { context.tape!.deposit(dx, sums: sums, to: x.node) }
  }

  private func addWeightGradient(_ partials: PartialSums, to target: UnsafeMutablePointer<Float>) {
    let total = Tensor(shape: kernel.shape)
    partials.add(from: 0, count: kernel.shape.count, to: total.pointer)
    let size = weight.size
    for output in 0..<weight.outputs {
      for row in 0..<size {
        kk_add_rows(
          target + weight.offset + output * weight.outputStride + row * weight.rowStride,
          total.pointer + (output * size + row) * size * weight.inputs, size, weight.inputs,
          weight.tapStride, weight.inputs)
      }
    }
  }
}
