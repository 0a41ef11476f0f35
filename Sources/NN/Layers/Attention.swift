import Autodiff
import Tensor

/// Multi-head self-attention over tokens, elastic in width, heads and value width.
///
/// Vaswani et al., "Attention is all you need", NeurIPS 2017; with the variants of NASViT
/// (Gong et al., ICLR 2022): wide values with a depthwise convolution, talking heads, an activation
/// before the output. Query, key and value matrices are stored apart, so that in a subnet each bias
/// meets its own rows.
public struct MultiHeadAttention {
  /// What is stored and how it computes.
  public struct Configuration: Sendable {
    /// Channels of a token, at the largest.
    public var width: Int
    /// Heads, at the largest.
    public var heads: Int
    /// Channels of a head in queries and keys.
    public var headWidth: Int
    /// Channels of a head in the values, at the largest.
    public var valueWidth: Int
    /// Side of the kernel of a depthwise convolution over the values; 0 for none.
    public var valueKernel = 0
    /// Whether heads are mixed before and after the softmax.
    public var talkingHeads = false
    /// Side of the token grid that relative positions cover; 0 for no position bias.
    public var positionGrid = 0
    /// Before the output projection.
    public var activation = ActivationFunction.identity

    /// Plain attention of this size.
    public init(width: Int, heads: Int, headWidth: Int, valueWidth: Int? = nil) {
      self.width = width
      self.heads = heads
      self.headWidth = headWidth
      self.valueWidth = valueWidth ?? headWidth
    }

    /// Whether one product gives queries, keys and values.
    var isFused: Bool { valueWidth == headWidth && valueKernel == 0 }
  }

  private let configuration: Configuration
  private let projection: Parameter
  private let projectionBias: Parameter
  private let values: Linear?
  private let valueConvolution: DepthwiseConvolution?
  private let mixing: (before: HeadLinear, after: HeadLinear)?
  private let positionBias: Parameter?
  private let output: Linear

  /// Declares attention at its largest.
  public init(_ name: String, _ configuration: Configuration, in builder: NetworkBuilder) {
    let inner = configuration.heads * configuration.headWidth
    let valueChannels = configuration.heads * configuration.valueWidth
    let grid = configuration.positionGrid
    let matrices = configuration.isFused ? 3 : 2
    self.configuration = configuration
    (projection, projectionBias, values, valueConvolution, mixing, positionBias, output) =
      builder.scoped(name) {
        (
          builder.weight(
            configuration.isFused ? "qkv.weight" : "qk.weight",
            [matrices, inner, configuration.width],
            deviation: linearDeviation(fanIn: configuration.width)),
          builder.constant(configuration.isFused ? "qkv.bias" : "qk.bias", [matrices, inner], 0),
          configuration.isFused
            ? nil
            : Linear("v", inputs: configuration.width, outputs: valueChannels, in: builder),
          configuration.valueKernel > 0
            ? DepthwiseConvolution(
              "v_depthwise", channels: valueChannels, size: configuration.valueKernel, in: builder)
            : nil,
          configuration.talkingHeads
            ? (
              before: HeadLinear("mix_before", heads: configuration.heads, in: builder),
              after: HeadLinear("mix_after", heads: configuration.heads, in: builder)
            ) : nil,
          grid > 0
            ? builder.constant(
              "position_bias", [configuration.heads, (2 * grid - 1) * (2 * grid - 1)], 0) : nil,
          Linear("output", inputs: valueChannels, outputs: configuration.width, in: builder)
        )
      }
  }

  /// - Parameters:
  ///   - x: `[batch, side, side, width in use]`.
  ///   - heads: Heads in use.
  ///   - valueWidth: Channels of a head's values in use; all by default.
  /// - Returns: `[batch, side, side, width in use]`.
  public func callAsFunction(
    _ x: Variable, heads: Int, valueWidth: Int? = nil, in context: Context
  ) -> Variable {
    let inner = heads * configuration.headWidth
    let matrices = configuration.isFused ? 3 : 2
    let valueWidth = valueWidth ?? configuration.valueWidth
    let projected = context.pointwise(
      x,
      weight: WeightWindow(
        projection, outputs: matrices * inner, inputs: x.shape.channels, blocks: matrices),
      bias: VectorWindow(projectionBias, count: matrices * inner, blocks: matrices))
    var v = values.map { $0(x, outputs: heads * valueWidth, in: context) }
    if let valueConvolution, let wide = v { v = valueConvolution(wide, in: context) }
    let mixed = context.attention(
      projected, values: v, heads: heads, headWidth: configuration.headWidth,
      valueWidth: valueWidth,
      positions: positionBias.map {
        RelativePositions(table: $0, gridSide: configuration.positionGrid)
      },
      mixing: mixing.map {
        HeadMixing(before: $0.before.window(heads).weight, after: $0.after.window(heads))
      },
      name: context.store.entries[projection.index].name)
    let activated = context.activation(mixed, configuration.activation)
    return output(activated, outputs: x.shape.channels, in: context)
  }
}

/// A linear map over heads (Shazeer et al., "Talking-heads attention", 2020).
///
/// The published bias of the first map is stored, but does nothing: a softmax does not see it.
private struct HeadLinear {
  let weight: Parameter
  let bias: Parameter

  init(_ name: String, heads: Int, in builder: NetworkBuilder) {
    (weight, bias) = builder.scoped(name) {
      (
        builder.weight("weight", [heads, heads], deviation: linearDeviation(fanIn: heads)),
        builder.constant("bias", [heads], 0)
      )
    }
  }

  func window(_ heads: Int) -> HeadMixing.Map {
    HeadMixing.Map(
      weight: WeightWindow(weight, outputs: heads, inputs: heads),
      bias: VectorWindow(bias, count: heads))
  }
}
