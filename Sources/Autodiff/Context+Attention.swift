import CKernels
import Runtime
import Tensor

/// A learned bias by relative position of two tokens on a grid (Liu et al., Swin, ICCV 2021).
public struct RelativePositions {
  let table: Parameter
  let gridSide: Int

  /// - Parameters:
  ///   - table: `[heads, (2·gridSide − 1)²]`.
  ///   - gridSide: The largest side of the token grid.
  public init(table: Parameter, gridSide: Int) {
    self.table = table
    self.gridSide = gridSide
  }

  /// For each pair of tokens of a grid of `side`, its entry of a head's table.
  func indices(side: Int) -> [Int32] {
    precondition(side <= gridSide, "a token grid of side \(side), expected at most \(gridSide)")
    let span = 2 * gridSide - 1
    var indices: [Int32] = []
    indices.reserveCapacity(side * side * side * side)
    for query in 0..<side * side {
      for key in 0..<side * side {
        let dy = query / side - key / side + gridSide - 1
        let dx = query % side - key % side + gridSide - 1
        indices.append(Int32(dy * span + dx))
      }
    }
    return indices
  }
}

/// Linear maps over heads before and after the softmax (Shazeer et al., 2020).
public struct HeadMixing {
  /// A matrix over heads and a bias.
  public struct Map {
    /// `[heads, heads]`.
    public let weight: WeightWindow
    /// `[heads]`.
    public let bias: VectorWindow

    /// A map `[heads, heads]` with a bias `[heads]`.
    public init(weight: WeightWindow, bias: VectorWindow) {
      self.weight = weight
      self.bias = bias
    }
  }

  let before: WeightWindow
  let after: Map

  /// The map of the logits, and that of the probabilities.
  ///
  /// The first has no bias: it would shift all logits of a row alike, which the softmax does not
  /// see.
  public init(before: WeightWindow, after: Map) {
    self.before = before
    self.after = after
  }
}

extension Context {
  /// Multi-head attention: softmax(q·kᵀ / √headWidth + bias)·v for each head.
  ///
  /// - Parameters:
  ///   - queryKey: `[batch, tokens…, 2·heads·headWidth]` queries, then keys; with no `values`, then
  ///     also values.
  ///   - values: `[batch, tokens…, heads·valueWidth]`, or none.
  ///   - heads: Heads.
  ///   - headWidth: Channels of a head in queries and keys.
  ///   - valueWidth: Channels of a head in the values.
  ///   - positions: A bias by relative position; the tokens are a square grid then.
  ///   - mixing: Talking heads.
  ///   - name: What its products are called, where other hands do them.
  /// - Returns: `[batch, tokens…, heads·valueWidth]`.
  public func attention(
    _ queryKey: Variable, values: Variable? = nil, heads: Int, headWidth: Int,
    valueWidth: Int? = nil, positions: RelativePositions? = nil, mixing: HeadMixing? = nil,
    name: String = "attention"
  ) -> Variable {
    let queryKey = contiguous(queryKey)
    let values = values.map { contiguous($0) }
    let valueWidth = valueWidth ?? headWidth
    let inner = heads * headWidth
    let expected = 2 * inner + (values == nil ? heads * valueWidth : 0)
    precondition(
      queryKey.shape.channels == expected
        && (values.map { $0.shape.channels == heads * valueWidth } ?? true),
      "attention of \(queryKey.shape) and \(String(describing: values?.shape)), \(heads) heads of \(headWidth) and \(valueWidth)"
    )
    let call = AttentionCall(
      queryKey: queryKey, values: values, heads: heads, headWidth: headWidth,
      valueWidth: valueWidth, positions: positions, mixing: mixing, context: self)
    let needsBackward =
      tape != nil
      && (queryKey.needsGradient || (values?.needsGradient ?? false)
        || positions.map { gradientTarget($0.table) != nil } ?? false)
    let y = Tensor(uninitialized: queryKey.shape.with(channels: heads * valueWidth))
    if mode == .inference, let products, products.takesAttention,
      call.forward(into: y, by: products, name)
    {
      return Variable(constant: y)
    }
    let probabilities = needsBackward ? call.makeProbabilities() : nil
    call.forward(into: y, probabilities: probabilities)
    guard let tape, let probabilities else { return Variable(raw: y, node: -1) }
    let node = tape.record { slot in
      call.backward(slot.materialized()!.contiguous(), probabilities: probabilities)
    }
    return Variable(raw: y, node: node)
  }
}

extension Context {
  /// The values without a deferred transform and without gaps between rows.
  fileprivate func contiguous(_ x: Variable) -> Variable {
    let x = materialized(x)
    return x.raw.isContiguous ? x : Variable(raw: x.raw.contiguous(), node: x.node)
  }
}

/// One attention with what both its passes need.
struct AttentionCall {
  let queryKey: Variable
  let values: Variable?
  let positions: RelativePositions?
  let mixing: HeadMixing?
  let context: Context
  let batch: Int
  let tokens: Int
  let heads: Int
  let headWidth: Int
  let valueWidth: Int
  let shape: kk_attention_shape
  let bias: Tensor?

  init(
    queryKey: Variable, values: Variable?, heads: Int, headWidth: Int, valueWidth: Int,
    positions: RelativePositions?, mixing: HeadMixing?, context: Context
  ) {
    self.queryKey = queryKey
    self.values = values
    self.positions = positions
    self.mixing = mixing
    self.context = context
    self.heads = heads
    self.headWidth = headWidth
    self.valueWidth = valueWidth
    batch = queryKey.shape[0]
    tokens = queryKey.shape.rows / batch
    let tokens = tokens
    func strides(_ rowStride: Int, head: Int) -> kk_attention_strides {
      kk_attention_strides(image: tokens * rowStride, token: rowStride, head: head)
    }
    let packed = strides(queryKey.raw.rowStride, head: headWidth)
    shape = kk_attention_shape(
      tokens: tokens, heads: heads, key_width: headWidth, value_width: valueWidth, q: packed,
      k: packed,
      v: strides(values?.raw.rowStride ?? queryKey.raw.rowStride, head: valueWidth),
      out: strides(heads * valueWidth, head: valueWidth), scale: 1 / Float(headWidth).squareRoot())
    bias = positions.map {
      AttentionCall.gather($0, tokens: tokens, heads: heads, store: context.store)
    }
  }

  private static func gather(
    _ positions: RelativePositions, tokens: Int, heads: Int, store: ParameterStore
  ) -> Tensor {
    let indices = positions.indices(side: squareSide(tokens))
    let bias = Tensor(uninitialized: [heads, tokens * tokens])
    for head in 0..<heads {
      let table = store.values + positions.table.offset + head * positions.table.shape[1]
      let target = bias.pointer + head * tokens * tokens
      for (i, index) in indices.enumerated() { target[i] = table[Int(index)] }
    }
    return bias
  }

  var q: UnsafeMutablePointer<Float> { queryKey.raw.pointer }
  var k: UnsafeMutablePointer<Float> { q + heads * headWidth }
  var v: UnsafeMutablePointer<Float> {
    values?.raw.pointer ?? q + 2 * heads * headWidth
  }

  /// Units of parallel work: images with talking heads, else (image, head) pairs.
  private var units: Int { mixing == nil ? batch * heads : batch }
  private var chunk: Int { max(1, (units + 31) / 32) }

  func makeProbabilities() -> Tensor {
    Tensor(uninitialized: [batch * heads * tokens, Int(kk_attention_row(tokens))])
  }

  func forward(into y: Tensor, probabilities: Tensor?) {
    var shape = shape
    let scratch =
      Int(mixing == nil ? kk_attention_scratch(&shape) : kk_talking_attention_scratch(&shape))
    parallelChunks(units, of: chunk) { range in
      var shape = shape
      let memory = threadScratch(floats: scratch)
      if let mixing {
        var mix = kernelMixing(mixing)
        kk_talking_attention_forward(
          y.pointer, probabilities?.pointer, q, k, v, bias?.pointer, &mix, &shape,
          range.lowerBound, range.count, memory)
      } else {
        kk_attention_forward(
          y.pointer, probabilities?.pointer, q, k, v, bias?.pointer, &shape, range.lowerBound,
          range.count, memory)
      }
    }
  }

  func backward(_ g: Tensor, probabilities: Tensor) {
    // The gradients have the strides of q, k and v, which have no gaps.
    let dQueryKey = Tensor(uninitialized: queryKey.shape)
    let dValues = values.map { Tensor(uninitialized: $0.shape) }
    let dq = dQueryKey.pointer
    let dk = dq + heads * headWidth
    let dv = dValues?.pointer ?? dq + 2 * heads * headWidth
    let pairBias = tokens * tokens * heads
    let biasTarget = positions.flatMap { context.gradientTarget($0.table) }
    let chunks = (units + chunk - 1) / chunk
    let dBias = biasTarget.map { _ in PartialSums(count: chunks, size: pairBias) }
    let dMixing = mixing.map { _ in
      PartialSums(count: chunks, size: heads * (2 * heads + 1))
    }
    var shape = shape
    let scratch =
      Int(mixing == nil ? kk_attention_scratch(&shape) : kk_talking_attention_scratch(&shape))
    parallelChunks(units, of: chunk) { range in
      let index = range.lowerBound / chunk
      var shape = shape
      let memory = threadScratch(floats: scratch)
      if let mixing, let partial = dMixing?.clear(index) {
        var mix = kernelMixing(mixing)
        var gradient = kk_talking_heads_gradient(
          before: partial, after: partial + heads * heads, after_bias: partial + 2 * heads * heads,
          before_stride: heads, after_stride: heads)
        kk_talking_attention_backward(
          dq, dk, dv, dBias?.clear(index), &gradient, g.pointer, probabilities.pointer, q, k, v,
          bias?.pointer, &mix, &shape, range.lowerBound, range.count, memory)
      } else {
        kk_attention_backward(
          dq, dk, dv, dBias?.clear(index), g.pointer, probabilities.pointer, q, k, v, &shape,
          range.lowerBound, range.count, memory)
      }
    }
    if let dBias, let biasTarget { scatter(dBias, to: biasTarget) }
    if let dMixing, let mixing { add(dMixing, mixing) }
    let tape = context.tape!
    if queryKey.needsGradient { tape.deposit(dQueryKey, to: queryKey.node) }
    if let values, let dValues, values.needsGradient { tape.deposit(dValues, to: values.node) }
  }

  private func scatter(_ dBias: PartialSums, to target: UnsafeMutablePointer<Float>) {
    guard let positions else { return }
    let pairs = tokens * tokens
    let total = Tensor(shape: [heads * pairs])
    dBias.add(from: 0, count: heads * pairs, to: total.pointer)
    let indices = positions.indices(side: squareSide(tokens))
    for head in 0..<heads {
      let table = target + positions.table.offset + head * positions.table.shape[1]
      for (i, index) in indices.enumerated() {
        table[Int(index)] += total.pointer[head * pairs + i]
      }
    }
  }

  private func add(_ partials: PartialSums, _ mixing: HeadMixing) {
    let square = heads * heads
    for (index, weight) in [mixing.before, mixing.after.weight].enumerated() {
      guard let target = context.gradientTarget(weight.parameter) else { continue }
      for row in 0..<heads {
        partials.add(
          from: index * square + row * heads, count: heads,
          to: target + weight.offset + row * weight.stride)
      }
    }
    if let target = context.gradientTarget(mixing.after.bias.parameter) {
      partials.add(from: 2 * square, count: heads, to: target + mixing.after.bias.offset)
    }
  }

  private func kernelMixing(_ mixing: HeadMixing) -> kk_talking_heads {
    let values = context.store.values
    return kk_talking_heads(
      before: values + mixing.before.offset, after: values + mixing.after.weight.offset,
      after_bias: values + mixing.after.bias.offset, before_stride: mixing.before.stride,
      after_stride: mixing.after.weight.stride)
  }
}

/// The side of a square grid of tokens.
private func squareSide(_ tokens: Int) -> Int {
  let side = Int(Double(tokens).squareRoot().rounded())
  precondition(side * side == tokens, "\(tokens) tokens are not a square grid")
  return side
}
