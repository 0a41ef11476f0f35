import Autodiff
import Tensor

/// A dense or grouped k×k convolution, channels last, padding k/2.
public struct Convolution {
  /// `[outputs, size, size, inputs / groups]`.
  public let weight: Parameter
  /// `[outputs]`, or none.
  public let bias: Parameter?
  /// Step of the output positions.
  public let stride: Int
  /// Groups that do not see each other.
  public let groups: Int

  /// Declares a layer at its largest size.
  public init(
    _ name: String, inputs: Int, outputs: Int, size: Int, stride: Int = 1, groups: Int = 1,
    bias: Bool = false, in builder: NetworkBuilder
  ) {
    (weight, self.bias) = builder.scoped(name) {
      (
        builder.weight(
          "weight", [outputs, size, size, inputs / groups],
          deviation: heDeviation(fanIn: inputs / groups * size * size)),
        bias ? builder.constant("bias", [outputs], 0) : nil
      )
    }
    self.stride = stride
    self.groups = groups
  }

  /// - Parameters:
  ///   - x: `[batch, height, width, inputs in use]`.
  ///   - outputs: Outputs in use; all by default.
  ///   - size: Taps in use, from the centre; all by default.
  ///   - forNorm: Whether a batch norm follows.
  /// - Returns: `[batch, ⌈height/stride⌉, ⌈width/stride⌉, outputs]`.
  public func callAsFunction(
    _ x: Variable, outputs: Int? = nil, size: Int? = nil, forNorm: Bool = false,
    in context: Context
  ) -> Variable {
    let outputs = outputs ?? weight.shape[0]
    let window = KernelWindow(
      dense: weight, outputs: outputs, inputs: x.shape.channels / groups,
      size: size ?? weight.shape[1])
    return context.convolution(
      x, weight: window, bias: bias.map { VectorWindow($0, count: outputs) }, stride: stride,
      groups: groups, forNorm: forNorm)
  }
}

/// A depthwise k×k convolution: each channel by itself, padding k/2.
public struct DepthwiseConvolution {
  /// `[size, size, channels]`.
  public let weight: Parameter
  /// Step of the output positions.
  public let stride: Int

  /// Declares a layer at its largest size.
  public init(
    _ name: String, channels: Int, size: Int, stride: Int = 1, in builder: NetworkBuilder
  ) {
    weight = builder.scoped(name) {
      builder.weight(
        "weight", [size, size, channels], deviation: heDeviation(fanIn: size * size))
    }
    self.stride = stride
  }

  /// - Parameters:
  ///   - x: `[batch, height, width, channels in use]`.
  ///   - size: Taps in use, from the centre; all by default.
  ///   - forNorm: Whether a batch norm follows.
  /// - Returns: `[batch, ⌈height/stride⌉, ⌈width/stride⌉, channels in use]`.
  public func callAsFunction(
    _ x: Variable, size: Int? = nil, forNorm: Bool = false, in context: Context
  ) -> Variable {
    context.depthwise(
      x,
      weight: KernelWindow(
        depthwise: weight, channels: x.shape.channels, size: size ?? weight.shape[0]),
      stride: stride, forNorm: forNorm)
  }
}
