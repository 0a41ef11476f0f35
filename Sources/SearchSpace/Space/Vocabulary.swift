/// The non-linearity behind a convolution or linear layer.
public enum Activation: String, Codable, Hashable, Sendable, CaseIterable {
  /// The identity.
  case none
  /// max(0, x).
  case relu
  /// x · relu6(x + 3) / 6.
  case hardswish
  /// x · sigmoid(x), also called SiLU.
  case swish
  /// x · Φ(x) with the exact Gaussian distribution function.
  case gelu
}

/// What a slot of a stage holds.
///
/// The order is the order of growing cost.
public enum BlockKind: String, Codable, Hashable, Sendable, CaseIterable, Comparable {
  /// Nothing: the slot hands its input on.
  case identity
  /// Mobile inverted bottleneck (Sandler et al., MobileNetV2, CVPR 2018).
  case mbconv
  /// Transformer block: attention, then one or more MLPs, each in its own residual branch.
  case vit

  /// Identity before MBConv before transformer.
  public static func < (a: BlockKind, b: BlockKind) -> Bool {
    rank(a) < rank(b)
  }

  private static func rank(_ kind: BlockKind) -> Int {
    switch kind {
    case .identity: 0
    case .mbconv: 1
    case .vit: 2
    }
  }
}

/// Whether a choice is made once for a stage or for each of its blocks.
public enum ChoiceScope: String, Codable, Hashable, Sendable, CaseIterable {
  /// One value for all blocks of the stage (NASViT, AttentiveNAS).
  case stage
  /// A value of its own for each block (OFA).
  case block
}

/// How the middle width of an MBConv follows from its active input width and expansion.
public enum MiddleRule: String, Codable, Hashable, Sendable, CaseIterable {
  /// round(input width × expansion).
  case exact
  /// makeDivisible(round(input width × expansion), by: 8), as OFA, AttentiveNAS and NASViT do.
  case divisible
}

/// What is added to the output of an MBConv.
public enum ShortcutRule: String, Codable, Hashable, Sendable, CaseIterable {
  /// The input, where stride is 1 and the active widths are equal; otherwise nothing.
  case whenEqual
  /// Always the input: averaged over stride × stride where the stride is above 1, through a
  /// pointwise convolution without bias where the active widths differ (AttentiveNAS, NASViT).
  case projected
}

/// What a layer norm takes its mean and variance over.
public enum NormStyle: String, Codable, Hashable, Sendable, CaseIterable {
  /// The channels of each token.
  case channels
  /// All tokens and channels of an image together, with an affine per channel (NASViT).
  case joint
}

/// A dimension in which subnets of one space differ.
public enum Dimension: String, Codable, Hashable, Sendable, CaseIterable {
  /// Side of the input image, pixels.
  case resolution
  /// Output channels of the stem.
  case stem
  /// Output channels of a stage.
  case width
  /// Blocks in a stage.
  case depth
  /// What a slot holds.
  case kind
  /// Kernel of the depthwise convolution of an MBConv.
  case kernel
  /// Middle width of an MBConv over its input width.
  case expand
  /// Attention heads of a transformer block.
  case heads
  /// Hidden width of an MLP over the width of the stage.
  case mlp
  /// Width of the values over the width of the queries.
  case value
  /// Features before the classifier.
  case head
}

/// `value` rounded to the nearest multiple of `divisor`, at least `divisor`, and never below 90 % of
/// `value`: the width rule of the MobileNet family.
public func makeDivisible(_ value: Int, by divisor: Int = 8) -> Int {
  let rounded = max(divisor, (value + divisor / 2) / divisor * divisor)
  return 10 * rounded < 9 * value ? rounded + divisor : rounded
}
