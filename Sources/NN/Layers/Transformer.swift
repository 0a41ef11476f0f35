import Autodiff
import Tensor

/// A pre-norm transformer block: attention, then one or more MLPs, each added to its input.
///
/// Dosovitskiy et al., "An image is worth 16x16 words", ICLR 2021. With switchable scaling (Gong et
/// al., NASViT, ICLR 2022) each branch is multiplied by a learned vector of the active depth and
/// width, and by 8 / width.
public struct TransformerBlock {
  /// What is stored and how it computes.
  public struct Configuration: Sendable {
    /// The attention.
    public var attention: MultiHeadAttention.Configuration
    /// Hidden units of an MLP, at the largest.
    public var hidden: Int
    /// MLPs, one after the other.
    public var mlps = 1
    /// Inside the MLPs.
    public var activation = ActivationFunction.gelu
    /// Whether layer norms take their statistics over a whole sample.
    public var jointNorm = false
    /// Rows of the two tables of switchable scaling (attention; MLPs), one for each pair of depth
    /// and width; 0 for none.
    public var scalingRows = 0
    /// The first value of the table: 1e-4 in NASViT.
    public var scalingStart: Float = 1e-4

    /// A plain block.
    public init(attention: MultiHeadAttention.Configuration, hidden: Int) {
      self.attention = attention
      self.hidden = hidden
    }
  }

  /// What a call uses of the stored block.
  public struct Choice: Sendable, Hashable {
    /// Heads.
    public var heads: Int
    /// Channels of a head's values; nil for all.
    public var valueWidth: Int?
    /// Hidden units of an MLP.
    public var hidden: Int
    /// The row of the scaling table.
    public var scalingRow: Int

    /// A choice of sizes.
    public init(heads: Int, valueWidth: Int? = nil, hidden: Int, scalingRow: Int = 0) {
      self.heads = heads
      self.valueWidth = valueWidth
      self.hidden = hidden
      self.scalingRow = scalingRow
    }
  }

  private struct MLP {
    let norm: LayerNorm
    let up: Linear
    let down: Linear
  }

  private let attentionNorm: LayerNorm
  private let attention: MultiHeadAttention
  private let attentionScaling: Parameter?
  private let mlps: [MLP]
  private let mlpScaling: Parameter?
  private let activation: ActivationFunction

  /// Declares a block at its largest.
  public init(_ name: String, _ configuration: Configuration, in builder: NetworkBuilder) {
    let width = configuration.attention.width
    let joint = configuration.jointNorm
    func scaling(_ name: String) -> Parameter? {
      guard configuration.scalingRows > 0 else { return nil }
      return builder.constant(
        name, [configuration.scalingRows, width], configuration.scalingStart)
    }
    activation = configuration.activation
    (attentionNorm, attention, attentionScaling, mlps, mlpScaling) = builder.scoped(name) {
      (
        LayerNorm("attention_norm", channels: width, joint: joint, in: builder),
        MultiHeadAttention("attention", configuration.attention, in: builder),
        scaling("attention_scaling"),
        (0..<configuration.mlps).map { index in
          builder.scoped(configuration.mlps == 1 ? "mlp" : "mlp\(index)") {
            MLP(
              norm: LayerNorm("norm", channels: width, joint: joint, in: builder),
              up: Linear("up", inputs: width, outputs: configuration.hidden, in: builder),
              down: Linear("down", inputs: configuration.hidden, outputs: width, in: builder))
          }
        },
        scaling("mlp_scaling")
      )
    }
  }

  /// - Parameters:
  ///   - x: `[batch, side, side, width in use]`.
  ///   - choice: Sizes in use.
  ///   - residualScale: A factor on both branches: 0 makes the block the identity, bit for bit.
  public func callAsFunction(
    _ x: Variable, _ choice: Choice, residualScale: Float = 1, dropPath: DropPath? = nil,
    in context: Context
  ) -> Variable {
    let width = x.shape.channels
    var branches: UInt64 = 0
    func add(_ x: Variable, _ branch: Variable, _ scaling: Parameter?) -> Variable {
      let branch = context.dropped(branch, dropPath, index: branches)
      branches += 1
      let scale = scaling.map { VectorWindow($0, count: width, row: choice.scalingRow) }
      let factor = scale == nil ? residualScale : residualScale * 8 / Float(width)
      return context.add(x, branch, scale: scale, factor: factor)
    }
    var x = context.materialized(x)
    let mixed = attention(
      attentionNorm(x, in: context), heads: choice.heads, valueWidth: choice.valueWidth,
      in: context)
    x = add(x, mixed, attentionScaling)
    for mlp in mlps {
      let inner = mlp.up(mlp.norm(x, in: context), outputs: choice.hidden, in: context)
      let y = mlp.down(context.activation(inner, activation), outputs: width, in: context)
      x = add(x, y, mlpScaling)
    }
    return x
  }
}
