import Tensor

/// A range of inputs that is trained: where it begins, and what its gradient is (PACT, arXiv 1805.06085; aihwkit's
/// input range learning).
package enum LearnedRange {
  /// Three root mean squares of the first batch; nil where that is all zeros.
  package static func first(of values: Tensor) -> Float? {
    let square = values.squares().floats.reduce(0.0) { $0 + Double($1) }
    let first = 3 * Float((square / Double(values.shape.count)).squareRoot())
    return first > 0 ? first : nil
  }

  /// Stops the gradient where inputs were cut off; returns what was stopped, each with its input's sign: the gradient
  /// of the range.
  ///
  /// - Parameters:
  ///   - g: The gradient of the inputs, contiguous; changed.
  ///   - values: The inputs, contiguous, of the same shape.
  package static func cut(_ g: Tensor, where values: Tensor, exceed range: Float) -> Float {
    let (gradient, input) = (g.pointer, values.pointer)
    var sum = 0.0
    for index in 0..<values.shape.count where abs(input[index]) > range {
      sum += Double(input[index] < 0 ? -gradient[index] : gradient[index])
      gradient[index] = 0
    }
    return Float(sum)
  }
}
