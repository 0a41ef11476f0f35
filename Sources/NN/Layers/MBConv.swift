import Autodiff
import Tensor

/// Squeeze and excite: a gate per channel from the average of the map.
///
/// Hu et al., "Squeeze-and-excitation networks", CVPR 2018; the hard sigmoid is MobileNetV3's.
public struct SqueezeExcite {
  private let reduce: Linear
  private let expand: Linear
  private let activation: ActivationFunction
  private let gate: ActivationFunction

  /// Declares a gate for `channels` channels through `hidden` units, at their largest.
  public init(
    _ name: String, channels: Int, hidden: Int, activation: ActivationFunction = .relu,
    gate: ActivationFunction = .hardSigmoid, in builder: NetworkBuilder
  ) {
    (reduce, expand) = builder.scoped(name) {
      (
        Linear("reduce", inputs: channels, outputs: hidden, in: builder),
        Linear("expand", inputs: hidden, outputs: channels, in: builder)
      )
    }
    self.activation = activation
    self.gate = gate
  }

  /// - Parameters:
  ///   - x: `[batch, height, width, channels in use]`.
  ///   - hidden: Units in use.
  public func callAsFunction(_ x: Variable, hidden: Int, in context: Context) -> Variable {
    let channels = x.shape.channels
    let pooled = context.globalAveragePool(x)
    let squeezed = context.activation(reduce(pooled, outputs: hidden, in: context), activation)
    let gates = context.activation(expand(squeezed, outputs: channels, in: context), gate)
    return context.gated(x, by: gates)
  }
}

/// The mobile inverted bottleneck: expand 1×1, depthwise k×k, (squeeze-excite,) project 1×1, each
/// with a batch norm, and a shortcut where its rule allows one.
///
/// Sandler et al., "MobileNetV2", CVPR 2018. Elastic in input and output width, expansion and kernel.
public struct MBConv {
  /// What is added to the output.
  public enum Shortcut: Sendable {
    /// The input, where stride is 1 and the widths in use are equal.
    case whenEqual
    /// Always the input: averaged over `pool × pool`, through a pointwise convolution without bias
    /// where the widths in use differ (AttentiveNAS); `projects` says whether one is stored.
    case projected(pool: Int, projects: Bool)

    var isProjected: Bool {
      if case .projected(_, projects: true) = self { true } else { false }
    }
  }

  /// What is stored and how it computes.
  public struct Configuration: Sendable {
    /// Input channels, at the largest.
    public var inputs: Int
    /// Output channels, at the largest.
    public var outputs: Int
    /// Channels between expansion and projection, at the largest.
    public var middle: Int
    /// Taps of the depthwise convolution, at the largest.
    public var kernel: Int
    /// Stride of the depthwise convolution.
    public var stride = 1
    /// Hidden units of squeeze-excite, at the largest; nil for none.
    public var squeeze: Int?
    /// Behind expansion and depthwise convolution.
    public var activation = ActivationFunction.hardSwish
    /// Whether there is an expansion layer.
    public var expands = true
    /// What is added to the output.
    public var shortcut = Shortcut.whenEqual

    /// A block of this size.
    public init(inputs: Int, outputs: Int, middle: Int, kernel: Int) {
      self.inputs = inputs
      self.outputs = outputs
      self.middle = middle
      self.kernel = kernel
    }
  }

  /// What a call uses of the stored block.
  public struct Choice: Sendable, Hashable {
    /// Output channels.
    public var outputs: Int
    /// Channels between expansion and projection.
    public var middle: Int
    /// Taps of the depthwise convolution.
    public var kernel: Int
    /// Hidden units of squeeze-excite.
    public var squeeze: Int?

    /// A choice of widths and taps.
    public init(outputs: Int, middle: Int, kernel: Int, squeeze: Int? = nil) {
      self.outputs = outputs
      self.middle = middle
      self.kernel = kernel
      self.squeeze = squeeze
    }
  }

  private let configuration: Configuration
  private let expand: (layer: Linear, norm: BatchNorm)?
  private let depthwise: DepthwiseConvolution
  private let depthwiseNorm: BatchNorm
  private let squeezeExcite: SqueezeExcite?
  private let project: Linear
  private let projectNorm: BatchNorm
  private let shortcut: Linear?

  /// Declares a block at its largest.
  public init(_ name: String, _ configuration: Configuration, in builder: NetworkBuilder) {
    let c = configuration
    self.configuration = c
    func pointwise(_ name: String, _ inputs: Int, _ outputs: Int) -> Linear {
      Linear(
        name, inputs: inputs, outputs: outputs, bias: false, deviation: heDeviation(fanIn: inputs),
        in: builder)
    }
    (expand, depthwise, depthwiseNorm, squeezeExcite, project, projectNorm, shortcut) =
      builder.scoped(name) {
        (
          c.expands
            ? (
              layer: pointwise("expand", c.inputs, c.middle),
              norm: BatchNorm("expand_norm", channels: c.middle, in: builder)
            ) : nil,
          DepthwiseConvolution(
            "depthwise", channels: c.middle, size: c.kernel, stride: c.stride, in: builder),
          BatchNorm("depthwise_norm", channels: c.middle, in: builder),
          c.squeeze.map {
            SqueezeExcite("squeeze_excite", channels: c.middle, hidden: $0, in: builder)
          },
          pointwise("project", c.middle, c.outputs),
          BatchNorm("project_norm", channels: c.outputs, in: builder),
          c.shortcut.isProjected ? pointwise("shortcut", c.inputs, c.outputs) : nil
        )
      }
  }

  /// - Parameter x: `[batch, height, width, inputs in use]`.
  /// - Returns: `[batch, height/stride, width/stride, choice.outputs]`, batch norm deferred where no
  ///   input is added.
  public func callAsFunction(
    _ x: Variable, _ choice: Choice, dropPath: DropPath? = nil, in context: Context
  ) -> Variable {
    var y = x
    if let expand {
      y = expand.layer(y, outputs: choice.middle, forNorm: true, in: context)
      y = expand.norm(y, activation: configuration.activation, in: context)
    }
    y = depthwise(y, size: choice.kernel, forNorm: true, in: context)
    y = depthwiseNorm(y, activation: configuration.activation, in: context)
    if let squeezeExcite, let hidden = choice.squeeze {
      y = squeezeExcite(y, hidden: hidden, in: context)
    }
    y = project(y, outputs: choice.outputs, forNorm: true, in: context)
    y = projectNorm(y, in: context)
    if x.shape == y.shape { return context.add(x, context.dropped(y, dropPath)) }
    guard case .projected(let pool, _) = configuration.shortcut else { return y }
    var added = x
    if pool > 1 { added = context.averagePool(added, size: pool, stride: pool) }
    if let shortcut, added.shape.channels != choice.outputs {
      added = shortcut(added, outputs: choice.outputs, in: context)
    }
    return context.add(added, y)
  }
}
