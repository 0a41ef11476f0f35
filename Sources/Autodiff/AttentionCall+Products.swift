import CKernels
import Runtime
import Tensor

extension AttentionCall {
  /// The forward pass with Q·Kᵀ and A·V by other hands, head by head; the softmax stays here.
  ///
  /// - Parameter y: `[batch, tokens…, heads·valueWidth]`.
  /// - Returns: Whether they took all of it.
  func forward(into y: Tensor, by products: any MatrixProducts, _ name: String) -> Bool {
    for image in 0..<batch {
      var scores: [Tensor] = []
      for head in 0..<heads {
        guard
          let product = products.product(
            rows(q, shape.q, image, head, headWidth),
            activation: rows(k, shape.k, image, head, headWidth), layer: "\(name) Q·Kᵀ",
            number: number(image, head))
        else { return false }
        scores.append(product)
      }
      for (head, scores) in scores.enumerated() { scale(scores, head) }
      if let mixing { scores = mixed(scores, mixing.before, bias: nil) }
      for scores in scores {
        kk_softmax(scores.pointer, scores.pointer, tokens, tokens, tokens, tokens, 1)
      }
      if let mixing { scores = mixed(scores, mixing.after.weight, bias: mixing.after.bias) }
      for head in 0..<heads {
        let values = rows(v, shape.v, image, head, valueWidth)
        guard
          let product = products.product(
            scores[head], activation: turned(values), layer: "\(name) A·V",
            number: number(image, head))
        else { return false }
        kk_copy_rows(
          y.pointer + image * tokens * heads * valueWidth + head * valueWidth, product.pointer,
          tokens, valueWidth, heads * valueWidth, product.rowStride)
      }
    }
    return true
  }

  private func number(_ image: Int, _ head: Int) -> Int {
    (context.firstImage + image) * heads + head
  }

  /// What one head of one image has: `[tokens, width]`.
  private func rows(
    _ first: UnsafeMutablePointer<Float>, _ strides: kk_attention_strides, _ image: Int,
    _ head: Int, _ width: Int
  ) -> Tensor {
    let result = Tensor(uninitialized: [tokens, width])
    kk_copy_rows(
      result.pointer, first + image * strides.image + head * strides.head, tokens, width, width,
      strides.token)
    return result
  }

  private func turned(_ x: Tensor) -> Tensor {
    let (rows, columns) = (x.shape[0], x.shape[1])
    let result = Tensor(uninitialized: [columns, rows])
    let (from, to) = (x.pointer, result.pointer)
    for row in 0..<rows {
      for column in 0..<columns { to[column * rows + row] = from[row * columns + column] }
    }
    return result
  }

  private func scale(_ scores: Tensor, _ head: Int) {
    let target = scores.pointer
    for pair in 0..<tokens * tokens {
      target[pair] *= shape.scale
      if let bias { target[pair] += bias.pointer[head * tokens * tokens + pair] }
    }
  }

  /// Each head as a sum over all: a row of the map is an output.
  private func mixed(
    _ heads: [Tensor], _ weight: WeightWindow, bias: VectorWindow?
  ) -> [Tensor] {
    let matrix = context.store.values + weight.offset
    return heads.indices.map { output in
      let first = bias.map { context.store.values[$0.offset + output] } ?? 0
      let result = Tensor(repeating: first, shape: heads[0].shape)
      for (input, scores) in heads.enumerated() {
        kk_axpy(
          result.pointer, scores.pointer, tokens * tokens, matrix[output * weight.stride + input])
      }
      return result
    }
  }
}
