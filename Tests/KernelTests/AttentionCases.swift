import CKernels

/// A softmax of float sums, then float sums of it.
private let attentionTolerance = Tolerance.scaled(2e-5)

extension KernelCase {
  /// Images, tokens, heads, key width, value width.
  private static let shapes = [
    (1, 1, 1, 4, 4), (2, 5, 3, 8, 8), (2, 16, 2, 16, 16), (1, 49, 4, 8, 12), (3, 17, 1, 24, 24),
    (1, 64, 2, 32, 32),
  ]

  static let attention: [KernelCase] = shapes.flatMap { images, tokens, heads, keys, values in
    let size = "\(images)x\(tokens)x\(heads) heads of \(keys) and \(values)"
    // q, k and v are windows of one buffer, as a joint projection writes them.
    let wide = heads * (2 * keys + values) + 5
    let outWide = heads * values + 3
    let joint = { (head: Int) in
      kk_attention_strides(image: tokens * wide, token: wide, head: head)
    }
    let shape = kk_attention_shape(
      tokens: tokens, heads: heads, key_width: keys, value_width: values, q: joint(keys),
      k: joint(keys), v: joint(values),
      out: kk_attention_strides(image: tokens * outWide, token: outWide, head: values),
      scale: 1 / Float(keys).squareRoot())
    let rows = images * tokens
    let row = kk_attention_row(tokens)
    return [false, true].flatMap { biased in
      [
        KernelCase("attention \(size) bias \(biased)") { arena in
          let qkv = arena.input(rows, wide - 5, stride: wide)
          let (q, k, v) = (qkv, qkv + heads * keys, qkv + 2 * heads * keys)
          let bias = biased ? arena.input(heads * tokens * tokens) : nil
          let description = arena.hold(shape)
          let scratch = arena.scratch(kk_attention_scratch(description))
          let out = arena.output(
            "out", rows, heads * values, stride: outWide, attentionTolerance)
          let probabilities = arena.output(
            "probabilities", images * heads * tokens, row, attentionTolerance)
          kk_attention_forward(
            out, probabilities, q, k, v, bias, description, 0, images * heads, scratch)
          let inference = arena.output(
            "inference", rows, heads * values, stride: outWide, attentionTolerance)
          kk_attention_forward(
            inference, nil, q, k, v, bias, description, 0, images * heads, scratch)
        },
        KernelCase("attention backward \(size) bias \(biased)") { arena in
          let qkv = arena.input(rows, wide - 5, stride: wide)
          let (q, k, v) = (qkv, qkv + heads * keys, qkv + 2 * heads * keys)
          let description = arena.hold(shape)
          let probabilities = arena.paddedProbabilities(images * heads * tokens, tokens, row)
          let dout = arena.input(rows, heads * values, stride: outWide)
          let scratch = arena.scratch(kk_attention_scratch(description))
          let d = arena.output("dq, dk, dv", rows, wide - 5, stride: wide, attentionTolerance)
          let dbias =
            biased
            ? arena.output("dbias", heads * tokens * tokens, start: .gaussian, attentionTolerance)
            : nil
          kk_attention_backward(
            d, d + heads * keys, d + 2 * heads * keys, dbias, dout, probabilities, q, k, v,
            description, 0, images * heads, scratch)
        },
        KernelCase("talking heads \(size) bias \(biased)") { arena in
          let qkv = arena.input(rows, wide - 5, stride: wide)
          let (q, k, v) = (qkv, qkv + heads * keys, qkv + 2 * heads * keys)
          let bias = biased ? arena.input(heads * tokens * tokens) : nil
          let description = arena.hold(shape)
          let mix = arena.hold(
            kk_talking_heads(
              before: arena.input(heads, heads, stride: heads + 2),
              after: arena.input(heads, heads, stride: heads + 1),
              after_bias: biased ? arena.input(heads) : nil, before_stride: heads + 2,
              after_stride: heads + 1))
          let scratch = arena.scratch(kk_talking_attention_scratch(description))
          let out = arena.output(
            "out", rows, heads * values, stride: outWide, attentionTolerance)
          let probabilities = arena.output(
            "probabilities", images * heads * tokens, row, attentionTolerance)
          kk_talking_attention_forward(
            out, probabilities, q, k, v, bias, mix, description, 0, images, scratch)
          let dout = arena.input(rows, heads * values, stride: outWide)
          let kept = arena.paddedProbabilities(images * heads * tokens, tokens, row)
          let d = arena.output("dq, dk, dv", rows, wide - 5, stride: wide, attentionTolerance)
          let dbias =
            biased
            ? arena.output("dbias", heads * tokens * tokens, start: .gaussian, attentionTolerance)
            : nil
          let dmix = arena.hold(
            kk_talking_heads_gradient(
              before: arena.output(
                "dbefore", heads, heads, stride: heads + 2, start: .gaussian, attentionTolerance),
              after: arena.output(
                "dafter", heads, heads, stride: heads + 1, start: .gaussian, attentionTolerance),
              after_bias: biased
                ? arena.output("dafter bias", heads, start: .gaussian, attentionTolerance) : nil,
              before_stride: heads + 2, after_stride: heads + 1))
          kk_talking_attention_backward(
            d, d + heads * keys, d + 2 * heads * keys, dbias, dmix, dout, kept, q, k, v, bias, mix,
            description, 0, images, scratch)
        },
      ]
    }
  }
}

extension Arena {
  /// Rows of probabilities over `tokens`, padded with zeros to `row`.
  func paddedProbabilities(_ rows: Int, _ tokens: Int, _ row: Int) -> UnsafeMutablePointer<Float> {
    let dense = probabilities(rows, tokens, stride: tokens)
    let padded = scratch(rows * row)
    for r in 0..<rows {
      for i in 0..<row { padded[r * row + i] = i < tokens ? dense[r * tokens + i] : 0 }
    }
    return padded
  }
}
