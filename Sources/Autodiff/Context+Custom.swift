import CKernels
import Tensor

/// Operations that other targets bring: their outputs, and how gradients pass them.
extension Context {
  /// The result of an operation on `x` (and perhaps on parameters).
  ///
  /// - Parameters:
  ///   - output: What it computed from the values of `x`.
  ///   - x: Its input.
  ///   - backward: Takes the gradient of the output, adds to the gradients of parameters
  ///     (`addGradient`), and returns that of `x`, or nil where `x` needs none.
  package func custom(
    _ output: Tensor, of x: Variable, backward: @escaping (Tensor) -> Tensor?
  ) -> Variable {
    guard let tape, x.needsGradient || gradients != nil else {
      return Variable(constant: output)
    }
    precondition(x.transform == nil, "a custom operation on a deferred one: materialize it")
    let node = tape.record { slot in
      let gradient = backward(slot.materialized()!)
      if let gradient, x.needsGradient { tape.deposit(gradient, to: x.node) }
    }
    return Variable(raw: output, node: node)
  }

  /// Adds to the gradient of a parameter, where one is wanted.
  package func addGradient(_ gradient: Tensor, to parameter: Parameter) {
    precondition(
      gradient.shape.count == parameter.shape.count,
      "gradient \(gradient.shape) of a parameter \(parameter.shape)")
    guard let target = gradientTarget(parameter) else { return }
    kk_axpy(target + parameter.offset, gradient.contiguous().pointer, gradient.shape.count, 1)
  }
}
