/// A convolution with everything resolved.
public struct ConvolutionPlan: Hashable, Sendable {
  /// Active input channels.
  public var inputWidth: Int
  /// Active output channels.
  public var outputWidth: Int
  /// Side of the kernel; the padding is its half.
  public var kernel: Int
  /// Stride.
  public var stride: Int
  /// Side of the input.
  public var inputSide: Int
  /// Side of the output.
  public var outputSide: Int
  /// Whether it has a bias.
  public var bias: Bool
  /// Whether a batch norm follows.
  public var batchNorm: Bool
  /// The non-linearity that follows.
  public var activation: Activation
}

/// What is added to the output of an MBConv.
public enum ShortcutPlan: Hashable, Sendable {
  /// Nothing.
  case none
  /// The input.
  case identity
  /// The input, averaged over `pool` × `pool` (1: not at all; an odd side is padded by one on each
  /// side with zeros that count), then through a pointwise convolution without bias where `projects`.
  case projected(pool: Int, projects: Bool)
}

/// An MBConv with everything resolved.
public struct MBConvPlan: Hashable, Sendable {
  /// Side of the depthwise kernel.
  public var kernel: Int
  /// Channels of the depthwise convolution.
  public var middle: Int
  /// Whether a pointwise expansion precedes it; if not, `middle` is the input width.
  public var expands: Bool
  /// Hidden width of the squeeze-excite (pooled → pointwise with bias → relu → pointwise with bias →
  /// hard sigmoid → gate), or nil.
  public var squeeze: Int?
  /// The non-linearity behind expansion and depthwise convolution.
  public var activation: Activation
  /// What is added to the output.
  public var shortcut: ShortcutPlan
}

/// Which row of a switchable-scaling table a block uses.
public struct ScalingPlan: Hashable, Sendable {
  /// Active blocks of the stage (identities not counted) − 1.
  public var depthIndex: Int
  /// Index of the active width in the stage's widths.
  public var widthIndex: Int
  /// Rows of the table for depths: the stage's largest depth.
  public var depthRows: Int
  /// Rows of the table for widths.
  public var widthRows: Int
  /// The fixed factor 8 / active width.
  public var factor: Double

  package init(
    depthIndex: Int, widthIndex: Int, depthRows: Int, widthRows: Int, factor: Double
  ) {
    self.depthIndex = depthIndex
    self.widthIndex = widthIndex
    self.depthRows = depthRows
    self.widthRows = widthRows
    self.factor = factor
  }
}

/// A transformer block with everything resolved.
///
/// Order of the branches: attention, then the MLPs from the last to the first.
public struct VitPlan: Hashable, Sendable {
  /// Active heads.
  public var heads: Int
  /// Channels of one head in queries and keys.
  public var headDim: Int
  /// Channels of one head in the values.
  public var valueDim: Int
  /// Hidden width of each MLP.
  public var hidden: Int
  /// MLPs in the block.
  public var mlps: Int
  /// Tokens: the side squared.
  public var tokens: Int
  /// Kernel of the depthwise convolution over the values, or 0.
  public var valueKernel: Int
  /// Whether linear layers over the heads surround the softmax.
  public var talkingHeads: Bool
  /// Side P of the grid of relative positions, whose bias table is (2P − 1)² × heads; nil for none.
  public var positionSide: Int?
  /// The non-linearity before the output projection.
  public var attentionActivation: Activation
  /// The non-linearity in the MLPs.
  public var activation: Activation
  /// What the layer norms take mean and variance over.
  public var norm: NormStyle
  /// The rows of the two scaling tables (attention; MLPs) in use, or nil.
  public var scaling: ScalingPlan?

  /// Channels of queries and of keys.
  public var attentionWidth: Int { heads * headDim }
  /// Channels of the values.
  public var valueWidth: Int { heads * valueDim }
}

/// What a block computes.
public enum BlockOperation: Hashable, Sendable {
  /// Nothing.
  case identity
  /// An MBConv.
  case mbconv(MBConvPlan)
  /// A transformer block.
  case vit(VitPlan)
}

/// One block of a subnet with everything resolved.
public struct BlockPlan: Hashable, Sendable {
  /// The stage that stores the weights.
  public var stage: Int
  /// The slot in the stage that stores the weights.
  public var slot: Int
  /// Active input channels.
  public var inputWidth: Int
  /// Active output channels.
  public var outputWidth: Int
  /// Side of the input.
  public var inputSide: Int
  /// Side of the output.
  public var outputSide: Int
  /// Stride.
  public var stride: Int
  /// What it computes.
  public var operation: BlockOperation

  /// The kind of the block.
  public var kind: BlockKind {
    switch operation {
    case .identity: .identity
    case .mbconv: .mbconv
    case .vit: .vit
    }
  }
}

/// One stage of a subnet with everything resolved.
public struct StagePlan: Hashable, Sendable {
  /// Index of the stage in the space.
  public var index: Int
  /// Active output channels.
  public var width: Int
  /// The convolution before the blocks.
  public var entry: ConvolutionPlan?
  /// The active blocks, identities included.
  public var blocks: [BlockPlan]
}

/// The head of a subnet with everything resolved.
public enum HeadPlan: Hashable, Sendable {
  /// Layer norm over `inputWidth` channels, mean over positions, linear to the classes.
  case pooled(inputWidth: Int, inputSide: Int)
  /// Expansion with batch norm and activation, mean over positions, pointwise `expand.outputWidth` →
  /// `features` without bias, activation, linear to the classes.
  case mixed(expand: ConvolutionPlan, features: Int, activation: Activation)
}

/// A subnet with everything resolved: what the network builder walks through.
///
/// It holds active sizes and the places (stage, slot) of the stored weights that they are windows
/// of.
public struct NetworkPlan: Hashable, Sendable {
  /// Side of the input image.
  public var resolution: Int
  /// Channels of the input image.
  public var inputChannels: Int
  /// Classes.
  public var classes: Int
  /// The first convolution.
  public var stem: ConvolutionPlan
  /// The stages.
  public var stages: [StagePlan]
  /// The classifier.
  public var head: HeadPlan

  /// All blocks in order, identities included.
  public var blocks: [BlockPlan] { stages.flatMap(\.blocks) }
}
