import Configuration

/// The choices of the MBConv blocks of a stage: pointwise expansion, depthwise convolution,
/// optional squeeze-excite, pointwise projection, each convolution followed by a batch norm.
public struct MBConvOptions: Codable, Hashable, Sendable {
  /// Depthwise kernels, odd, ascending.
  ///
  /// A smaller one is the centre of the largest.
  public var kernels: [Int]
  /// Middle width over input width, ascending.
  ///
  /// With `[1]` the expansion layer is left out.
  public var expands: [Double]
  /// Whether kernel and expansion are chosen by block or by stage.
  public var scope: ChoiceScope
  /// Whether a squeeze-excite (hidden width makeDivisible(middle / 4)) follows the depthwise
  /// convolution.
  public var squeezeExcite: Bool
  /// The non-linearity behind expansion and depthwise convolution.
  public var activation: Activation
  /// What is added to the output.
  public var shortcut: ShortcutRule

  /// Options with the defaults of the compact space.
  public init(
    kernels: [Int], expands: [Double], scope: ChoiceScope = .block, squeezeExcite: Bool = false,
    activation: Activation = .hardswish, shortcut: ShortcutRule = .whenEqual
  ) {
    self.kernels = kernels
    self.expands = expands
    self.scope = scope
    self.squeezeExcite = squeezeExcite
    self.activation = activation
    self.shortcut = shortcut
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case kernels, expands, scope, squeezeExcite, activation, shortcut
  }

  /// Reads the options; unknown keys are errors.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(
      kernels: try fields.required(.kernels), expands: try fields.required(.expands),
      scope: try fields.word(.scope, or: .block),
      squeezeExcite: try fields.value(.squeezeExcite, or: false),
      activation: try fields.word(.activation, or: .hardswish),
      shortcut: try fields.word(.shortcut, or: .whenEqual))
  }
}

/// The choices of the transformer blocks of a stage: layer norm and multi-head attention, then
/// `mlps` times layer norm and MLP, each a residual branch.
public struct VitOptions: Codable, Hashable, Sendable {
  /// Channels of one head in queries and keys.
  public var headDim: Int
  /// Numbers of heads, ascending.
  ///
  /// Empty: the active width over `headDim`.
  public var heads: [Int]
  /// Hidden width of an MLP over the active width, ascending.
  public var mlp: [Double]
  /// MLPs in a block.
  public var mlps: Int
  /// Channels of a head in the values over `headDim`, ascending.
  public var value: [Double]
  /// Whether heads, MLP and value ratios are chosen by block or by stage.
  public var scope: ChoiceScope
  /// Kernel of a depthwise convolution over the values, without bias; 0 for none.
  public var valueKernel: Int
  /// Whether linear layers over the heads stand before and behind the softmax (Shazeer et al.,
  /// "Talking-heads attention", 2020).
  public var talkingHeads: Bool
  /// Whether a learned bias by relative position is added to the scores (Swin, ICCV 2021).
  public var relativePosition: Bool
  /// Side of the grid that the relative positions cover; 0 for the stage's largest side.
  public var positionSide: Int
  /// The non-linearity before the output projection of the attention.
  public var attentionActivation: Activation
  /// The non-linearity inside the MLPs.
  public var activation: Activation
  /// What the layer norms take mean and variance over.
  public var norm: NormStyle
  /// Whether each residual branch is scaled by a vector of its own for each number of active
  /// blocks and width, times 8 / width (NASViT).
  public var switchableScaling: Bool

  /// Options with the defaults of the compact space.
  public init(
    headDim: Int, heads: [Int] = [], mlp: [Double], mlps: Int = 1, value: [Double] = [1],
    scope: ChoiceScope = .block, valueKernel: Int = 0, talkingHeads: Bool = false,
    relativePosition: Bool = false, positionSide: Int = 0, attentionActivation: Activation = .none,
    activation: Activation = .gelu, norm: NormStyle = .channels, switchableScaling: Bool = false
  ) {
    self.headDim = headDim
    self.heads = heads
    self.mlp = mlp
    self.mlps = mlps
    self.value = value
    self.scope = scope
    self.valueKernel = valueKernel
    self.talkingHeads = talkingHeads
    self.relativePosition = relativePosition
    self.positionSide = positionSide
    self.attentionActivation = attentionActivation
    self.activation = activation
    self.norm = norm
    self.switchableScaling = switchableScaling
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case headDim, heads, mlp, mlps, value, scope, valueKernel, talkingHeads, relativePosition
    case positionSide, attentionActivation, activation, norm, switchableScaling
  }

  /// Reads the options; unknown keys are errors.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(
      headDim: try fields.required(.headDim), heads: try fields.value(.heads, or: []),
      mlp: try fields.required(.mlp), mlps: try fields.value(.mlps, or: 1),
      value: try fields.value(.value, or: [1]), scope: try fields.word(.scope, or: .block),
      valueKernel: try fields.value(.valueKernel, or: 0),
      talkingHeads: try fields.value(.talkingHeads, or: false),
      relativePosition: try fields.value(.relativePosition, or: false),
      positionSide: try fields.value(.positionSide, or: 0),
      attentionActivation: try fields.word(.attentionActivation, or: Activation.none),
      activation: try fields.word(.activation, or: .gelu),
      norm: try fields.word(.norm, or: .channels),
      switchableScaling: try fields.value(.switchableScaling, or: false))
  }
}
