import CKernels
import Runtime
import Tensor

extension Context {
  /// y = T(x)·Wᵀ + b over the last dimension: a linear layer, or a pointwise convolution.
  ///
  /// - Parameters:
  ///   - x: `[…, inputs]`; a deferred transform is applied on load.
  ///   - weight: a window `[outputs, inputs]`.
  ///   - bias: `[outputs]`, or none.
  ///   - forNorm: leaves the channel sums that a batch norm after it needs.
  /// - Returns: `[…, outputs]`.
  public func pointwise(
    _ x: Variable, weight: WeightWindow, bias: VectorWindow? = nil, forNorm: Bool = false
  ) -> Variable {
    precondition(
      x.shape.channels == weight.inputs,
      "linear layer of \(x.shape) with a weight [\(weight.outputs), \(weight.inputs)]")
    let x = quantised(x, for: weight.parameter)
    if let y = externalPointwise(x, weight: weight, bias: bias) { return y }
    let call = PointwiseCall(x: x, weight: weight, bias: bias, store: store)
    let y = Tensor(uninitialized: x.shape.with(channels: weight.outputs))
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

/// One linear layer with what both its passes need.
private struct PointwiseCall {
  let x: Variable
  let weight: WeightWindow
  let bias: VectorWindow?
  let store: ParameterStore
  /// The window without gaps between stacked matrices: `[outputs, inputs]`, `matrixStride` apart.
  let matrix: Tensor

  init(x: Variable, weight: WeightWindow, bias: VectorWindow?, store: ParameterStore) {
    self.x = x
    self.weight = weight
    self.bias = bias
    self.store = store
    matrix = store.stacked(weight)
  }

  var rows: Int { x.shape.rows }
  var inputs: Int { weight.inputs }
  var outputs: Int { weight.outputs }
  var forwardChunk: Int { Int(kk_pointwise_chunk_rows(rows, inputs, outputs)) }
  var backwardChunk: Int { Int(kk_pointwise_backward_chunk_rows(rows, inputs, outputs)) }

  func makeForwardSums() -> ChannelSums {
    ChannelSums(chunks: (rows + forwardChunk - 1) / forwardChunk, channels: outputs)
  }

  func forward(into y: Tensor, sums: ChannelSums?) {
    let packed = Tensor(uninitialized: Shape(count: Int(kk_packed_floats(inputs, outputs))))
    kk_gemm_pack(packed.pointer, matrix.pointer, matrix.rowStride, inputs, outputs, 1)
    let biases = bias.map { store.stacked($0) }
    let scratch = Int(kk_pointwise_scratch_floats(inputs, outputs))
    let chunk = forwardChunk
    parallelChunks(rows, of: chunk) { range in
      var input = x.transform.kernelInput
      var output = kk_output()
      output.bias = biases.map { UnsafePointer($0.pointer) }
      kk_pointwise_forward(
        y.pointer + range.lowerBound * y.rowStride, sums?.first(range.lowerBound / chunk),
        sums?.second(range.lowerBound / chunk),
        x.raw.pointer + range.lowerBound * x.raw.rowStride, packed.pointer, range.count, inputs,
        outputs, y.rowStride, x.raw.rowStride, &input, &output, threadScratch(floats: scratch))
    }
  }

  func backward(_ g: Tensor, through gradient: kk_gradient, in context: Context) {
    let chunk = backwardChunk
    let chunks = (rows + chunk - 1) / chunk
    // What has already arrived joins inside the kernel, unless an activation's slope is in it.
    let isLinear = x.transform.isLinear
    let added = x.needsGradient && isLinear ? context.tape!.takePlain(x.node) : nil
    let dx = x.needsGradient ? Tensor(uninitialized: x.shape) : nil
    let sums =
      dx != nil && x.transform?.affine != nil
      ? ChannelSums(chunks: chunks, channels: inputs) : nil
    let weightTarget = context.gradientTarget(weight.parameter)
    let biasTarget = bias.flatMap { context.gradientTarget($0.parameter) }
    let dWeight = weightTarget.map { _ in PartialSums(count: chunks, size: outputs * inputs) }
    let dBias = biasTarget.map { _ in PartialSums(count: chunks, size: outputs) }
    let packed = dx.map { _ in
      Tensor(uninitialized: Shape(count: Int(kk_packed_floats(outputs, inputs))))
    }
    if let packed {
      kk_gemm_pack(packed.pointer, matrix.pointer, matrix.rowStride, outputs, inputs, 0)
    }
    let scratch = Int(kk_pointwise_backward_scratch_floats(inputs, outputs))
    parallelChunks(rows, of: chunk) { range in
      let index = range.lowerBound / chunk
      var input = x.transform.kernelInput
      var gradient = gradient
      if let y = gradient.y { gradient.y = y + range.lowerBound * gradient.y_stride }
      kk_pointwise_backward(
        dx.map { $0.pointer + range.lowerBound * $0.rowStride }, sums?.first(index),
        sums?.second(index), dWeight?.clear(index), dBias?.clear(index),
        g.pointer + range.lowerBound * g.rowStride,
        x.raw.pointer + range.lowerBound * x.raw.rowStride, packed?.pointer,
        added.map { $0.pointer + range.lowerBound * $0.rowStride }, range.count, inputs, outputs,
        inputs, inputs, g.rowStride, x.raw.rowStride, added?.rowStride ?? 0, &gradient, &input,
        threadScratch(floats: scratch))
    }
    if let weightTarget, let dWeight { addWeightGradient(dWeight, to: weightTarget) }
    if let biasTarget, let dBias, let bias {
      let each = bias.count / bias.blocks
      for block in 0..<bias.blocks {
        dBias.add(
          from: block * each, count: each,
          to: biasTarget + bias.offset + block * bias.blockStride)
      }
    }
    if let dx { context.tape!.deposit(dx, sums: sums, to: x.node) }
  }

  private func addWeightGradient(_ partials: PartialSums, to target: UnsafeMutablePointer<Float>) {
    let each = outputs / weight.blocks
    for block in 0..<weight.blocks {
      partials.add(
        firstRow: block * each, rows: each, columns: inputs, stride: weight.stride,
        to: target + weight.offset + block * weight.blockStride)
    }
  }
}

extension ParameterStore {
  /// The window as one matrix: itself, or a gathered copy of stacked ones.
  func stacked(_ window: WeightWindow) -> Tensor {
    let stored = view(window.parameter)
    guard window.blocks > 1 else {
      return Tensor(
        memory: stored.memory, offset: window.offset,
        shape: Shape(rows: window.outputs, channels: window.inputs), rowStride: window.stride)
    }
    let matrix = Tensor(uninitialized: [window.outputs, window.inputs])
    let each = window.outputs / window.blocks
    for block in 0..<window.blocks {
      kk_copy_rows(
        matrix.pointer + block * each * window.inputs,
        values + window.offset + block * window.blockStride, each, window.inputs, window.inputs,
        window.stride)
    }
    return matrix
  }

  /// The window as one vector: itself, or a gathered copy of stacked ones.
  func stacked(_ window: VectorWindow) -> Tensor {
    let stored = view(window.parameter)
    guard window.blocks > 1 else {
      return Tensor(
        memory: stored.memory, offset: window.offset, shape: Shape(count: window.count),
        rowStride: window.count)
    }
    let vector = Tensor(uninitialized: [window.count])
    let each = window.count / window.blocks
    for block in 0..<window.blocks {
      (vector.pointer + block * each).update(
        from: values + window.offset + block * window.blockStride, count: each)
    }
    return vector
  }
}
