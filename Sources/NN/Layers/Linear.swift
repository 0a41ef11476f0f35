import Autodiff
import Tensor

/// y = x·Wᵀ + b over the last dimension; on a feature map it is a pointwise (1×1) convolution.
public struct Linear {
  /// `[outputs, inputs]`.
  public let weight: Parameter
  /// `[outputs]`, or none.
  public let bias: Parameter?

  /// Declares a layer at its largest size.
  public init(
    _ name: String, inputs: Int, outputs: Int, bias: Bool = true, deviation: Float? = nil,
    in builder: NetworkBuilder
  ) {
    (weight, self.bias) = builder.scoped(name) {
      (
        builder.weight(
          "weight", [outputs, inputs], deviation: deviation ?? linearDeviation(fanIn: inputs)),
        bias ? builder.constant("bias", [outputs], 0) : nil
      )
    }
  }

  /// - Parameters:
  ///   - x: `[…, inputs in use]`.
  ///   - outputs: Outputs in use; all by default.
  ///   - forNorm: Whether a batch norm follows.
  /// - Returns: `[…, outputs]`.
  public func callAsFunction(
    _ x: Variable, outputs: Int? = nil, forNorm: Bool = false, in context: Context
  ) -> Variable {
    let outputs = outputs ?? weight.shape[0]
    return context.pointwise(
      x, weight: WeightWindow(weight, outputs: outputs, inputs: x.shape.channels),
      bias: bias.map { VectorWindow($0, count: outputs) }, forNorm: forNorm)
  }
}
