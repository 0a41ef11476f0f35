import CKernels
import Tensor

/// A tensor in a computation: its floats, what is still to be done to them, and where its gradient
/// goes.
///
/// Batch norm and activation are *deferred*: the variable keeps the raw output of the layer before
/// and a `Transform`, and the layer after applies it while it loads. So the normalised tensor is
/// neither written nor read back.
public struct Variable {
  /// The raw floats.
  package let raw: Tensor
  /// What consumers apply to the raw floats when they load them.
  package let transform: Transform?
  /// The node that receives the gradient, or -1 for a constant.
  ///
  /// With a transform it is the gradient of the normalised value before the activation.
  package let node: Int
  /// Per-chunk sums of the raw floats by channel, left by the producer for a batch norm.
  package let statistics: ChannelSums?

  package init(
    raw: Tensor, transform: Transform? = nil, node: Int, statistics: ChannelSums? = nil
  ) {
    self.raw = raw
    self.transform = transform
    self.node = node
    self.statistics = statistics
  }

  /// A constant: no gradient flows into it.
  public init(constant tensor: Tensor) {
    self.init(raw: tensor, node: -1)
  }

  /// The extents.
  public var shape: Shape { raw.shape }

  /// Whether a gradient is wanted.
  package var needsGradient: Bool { node >= 0 }
}

/// A deferred `activation(scale·x + shift)`, per channel.
package struct Transform {
  /// Per channel; nil for the identity.
  let affine: Affine?
  let activation: ActivationFunction

  struct Affine {
    let scale: Tensor
    let shift: Tensor
  }

  /// The kernels' form; valid while `body` runs.
  var kernelInput: kk_input {
    kk_input(
      scale: affine.map { UnsafePointer($0.scale.pointer) },
      shift: affine.map { UnsafePointer($0.shift.pointer) }, activation: activation.kernel)
  }
}

extension Optional where Wrapped == Transform {
  /// Whether there is no activation in it.
  var isLinear: Bool { map { $0.activation == .identity } ?? true }

  /// The kernels' form of a transform, or of none.
  var kernelInput: kk_input {
    map(\.kernelInput) ?? kk_input(scale: nil, shift: nil, activation: KK_ACT_NONE)
  }
}

/// Sums over rows by channel, one pair of vectors per chunk of rows: Σx and Σx², or Σg and Σg·x.
package struct ChannelSums {
  /// `[chunks, 2, channels]`.
  let partials: Tensor
  var chunks: Int { partials.shape[0] }
  var channels: Int { partials.shape[2] }

  init(chunks: Int, channels: Int) {
    partials = Tensor(uninitialized: [chunks, 2, channels])
  }

  func first(_ chunk: Int) -> UnsafeMutablePointer<Float> {
    partials.pointer + 2 * chunk * channels
  }

  func second(_ chunk: Int) -> UnsafeMutablePointer<Float> { first(chunk) + channels }
}

/// Activation functions.
public enum ActivationFunction: String, Sendable, Codable, CaseIterable {
  /// x itself. (Not called `none`, which an optional would take for itself.)
  case identity
  case relu
  /// x·min(max(x + 3, 0), 6) / 6.
  case hardSwish = "hardswish"
  /// x·sigmoid(x).
  case swish
  /// x·Φ(x), exact.
  case gelu
  case sigmoid
  case tanh
  /// min(max(x + 3, 0), 6) / 6.
  case hardSigmoid = "hardsigmoid"
  /// The tanh approximation of GELU.
  case geluTanh = "gelu_tanh"

  package var kernel: kk_activation {
    switch self {
    case .identity: KK_ACT_NONE
    case .relu: KK_ACT_RELU
    case .hardSwish: KK_ACT_HARDSWISH
    case .swish: KK_ACT_SWISH
    case .gelu: KK_ACT_GELU
    case .sigmoid: KK_ACT_SIGMOID
    case .tanh: KK_ACT_TANH
    case .hardSigmoid: KK_ACT_HARDSIGMOID
    case .geluTanh: KK_ACT_GELU_TANH
    }
  }
}
