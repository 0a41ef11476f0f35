/// What one slot of a subnet holds.
public enum BlockChoice: Hashable, Sendable {
  /// Nothing: the input is handed on.
  case identity
  /// An MBConv of this depthwise kernel and expansion.
  case mbconv(kernel: Int, expand: Double)
  /// A transformer block; `heads` is nil where it follows from the width.
  case vit(heads: Int?, mlp: Double, value: Double)

  /// The kind of the block.
  public var kind: BlockKind {
    switch self {
    case .identity: .identity
    case .mbconv: .mbconv
    case .vit: .vit
    }
  }
}

/// The choices of one stage.
public struct StageChoice: Hashable, Sendable {
  /// Output channels.
  public var width: Int
  /// The active blocks; their number is the depth.
  public var blocks: [BlockChoice]

  /// The choices of one stage.
  public init(width: Int, blocks: [BlockChoice]) {
    self.width = width
    self.blocks = blocks
  }

  /// Blocks that compute something.
  public var activeBlocks: Int { blocks.count { $0 != .identity } }
}

/// One architecture of a ``SupernetSpace``: a choice in each dimension.
public struct Subnet: Hashable, Sendable {
  /// Side of the input image in pixels.
  public var resolution: Int
  /// Output channels of the stem.
  public var stem: Int
  /// The stages.
  public var stages: [StageChoice]
  /// Features before the classifier; nil for a pooled head.
  public var head: Int?

  /// A subnet, not yet checked against a space.
  public init(resolution: Int, stem: Int, stages: [StageChoice], head: Int? = nil) {
    self.resolution = resolution
    self.stem = stem
    self.stages = stages
    self.head = head
  }
}
