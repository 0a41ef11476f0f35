import Autodiff
import Tensor

/// Batch norm over all dimensions but the last, with an activation behind it; both are deferred to
/// the layer that follows.
public struct BatchNorm {
  /// `[channels]`.
  public let gamma: Parameter
  /// `[channels]`.
  public let beta: Parameter
  /// Where its statistics are.
  public let slot: NormSlot

  /// Declares a norm at its largest width; `gamma` is the first value of the scale (0 starts a
  /// residual branch as the identity, as BigNAS does).
  public init(_ name: String, channels: Int, gamma: Float = 1, in builder: NetworkBuilder) {
    (self.gamma, beta) = builder.scoped(name) {
      (builder.constant("gamma", [channels], gamma), builder.constant("beta", [channels], 0))
    }
    slot = builder.norm(channels: channels)
  }

  /// - Parameter x: `[…, channels in use]`, from a layer called with `forNorm`.
  public func callAsFunction(
    _ x: Variable, activation: ActivationFunction = .identity, in context: Context
  ) -> Variable {
    let channels = x.shape.channels
    return context.batchNorm(
      x, gamma: VectorWindow(gamma, count: channels), beta: VectorWindow(beta, count: channels),
      slot: slot, activation: activation)
  }
}

/// Layer norm over the channels of each token, or over all tokens and channels of a sample together
/// (NASViT), with an affine per channel.
public struct LayerNorm {
  /// `[channels]`.
  public let gamma: Parameter
  /// `[channels]`.
  public let beta: Parameter
  /// Whether statistics are over a whole sample.
  public let joint: Bool

  /// Declares a norm at its largest width.
  public init(_ name: String, channels: Int, joint: Bool = false, in builder: NetworkBuilder) {
    (gamma, beta) = builder.scoped(name) {
      (builder.constant("gamma", [channels], 1), builder.constant("beta", [channels], 0))
    }
    self.joint = joint
  }

  /// - Parameter x: `[batch, tokens…, channels in use]`.
  public func callAsFunction(_ x: Variable, in context: Context) -> Variable {
    let channels = x.shape.channels
    return context.layerNorm(
      x, gamma: VectorWindow(gamma, count: channels), beta: VectorWindow(beta, count: channels),
      joint: joint)
  }
}
