import Configuration

/// The convolution, batch norm and activation that an image meets first.
public struct Stem: Codable, Hashable, Sendable {
  /// Output channels, ascending.
  public var widths: [Int]
  /// Side of the kernel, odd; the padding is its half.
  public var kernel: Int
  /// Stride.
  public var stride: Int
  /// The non-linearity.
  public var activation: Activation

  /// A stem.
  public init(
    widths: [Int], kernel: Int = 3, stride: Int = 1, activation: Activation = .hardswish
  ) {
    self.widths = widths
    self.kernel = kernel
    self.stride = stride
    self.activation = activation
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case widths, kernel, stride, activation
  }

  /// Reads a stem; unknown keys are errors.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(
      widths: try fields.required(.widths), kernel: try fields.value(.kernel, or: 3),
      stride: try fields.value(.stride, or: 1),
      activation: try fields.word(.activation, or: .hardswish))
  }
}

/// A dense convolution that takes a stage's input to its width and resolution, without norm or
/// activation.
public struct EntryConvolution: Codable, Hashable, Sendable {
  /// Side of the kernel, odd; the padding is its half.
  public var kernel: Int
  /// Whether it has a bias.
  public var bias: Bool

  /// An entry convolution; its stride is the stage's.
  public init(kernel: Int, bias: Bool = true) {
    self.kernel = kernel
    self.bias = bias
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case kernel, bias
  }

  /// Reads an entry convolution; unknown keys are errors.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(kernel: try fields.required(.kernel), bias: try fields.value(.bias, or: true))
  }
}

/// A run of blocks at one resolution and width.
public struct Stage: Codable, Hashable, Sendable {
  /// Output channels of every block, ascending.
  public var widths: [Int]
  /// Numbers of blocks, ascending.
  ///
  /// A smaller depth drops the last blocks.
  public var depths: [Int]
  /// Stride of the entry convolution, or else of the first block.
  public var stride: Int
  /// The convolution before the blocks; nil where the first block itself changes width and side.
  public var entry: EntryConvolution?
  /// What each slot may hold, in the order of `BlockKind`; the last list also serves all later
  /// slots.
  public var slots: [[BlockKind]]
  /// The choices of MBConv blocks, where a slot may hold one.
  public var mbconv: MBConvOptions?
  /// The choices of transformer blocks, where a slot may hold one.
  public var vit: VitOptions?

  /// A stage.
  public init(
    widths: [Int], depths: [Int], stride: Int = 1, entry: EntryConvolution? = nil,
    slots: [[BlockKind]], mbconv: MBConvOptions? = nil, vit: VitOptions? = nil
  ) {
    self.widths = widths
    self.depths = depths
    self.stride = stride
    self.entry = entry
    self.slots = slots
    self.mbconv = mbconv
    self.vit = vit
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case widths, depths, stride, entry, slots, mbconv, vit
  }

  /// Reads a stage; unknown keys are errors.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    let words: [[String]] = try fields.required(.slots)
    let slots: [[BlockKind]] = try words.enumerated().map { slot, kinds in
      try kinds.enumerated().map {
        try parseWord($1, at: fields.path + [CodingKeys.slots, IndexKey(slot), IndexKey($0)])
      }
    }
    self.init(
      widths: try fields.required(.widths), depths: try fields.required(.depths),
      stride: try fields.value(.stride, or: 1), entry: try fields.optional(.entry), slots: slots,
      mbconv: try fields.optional(.mbconv), vit: try fields.optional(.vit))
  }

  /// The largest number of blocks.
  public var maxDepth: Int { depths.last ?? 0 }

  /// What slot `slot` may hold.
  public func kinds(ofSlot slot: Int) -> [BlockKind] {
    slots[min(slot, slots.count - 1)]
  }

  /// Whether slot `slot` keeps width and side, so that it may also be an identity.
  public func isResidual(slot: Int) -> Bool {
    slot > 0 || entry != nil
  }

  /// Whether any slot may hold `kind`.
  public func offers(_ kind: BlockKind) -> Bool {
    (0..<maxDepth).contains { kinds(ofSlot: $0).contains(kind) }
  }
}

/// What follows the last stage.
public enum Head: Codable, Hashable, Sendable {
  /// Layer norm over channels, mean over positions, linear classifier with bias.
  case pooled
  /// Pointwise convolution to `expand` times the width, batch norm, activation, mean over
  /// positions, pointwise layer without bias or norm to one of `widths`, activation, linear
  /// classifier with bias (the MobileNetV3 head).
  case mixed(expand: Int, widths: [Int], activation: Activation)

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case kind, expand, widths, activation
  }

  private enum Kind: String, CaseIterable {
    case pooled, mixed
  }

  /// Reads a head; unknown keys are errors.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    switch try fields.word(.kind, or: Kind.pooled) {
    case .pooled:
      self = .pooled
    case .mixed:
      self = .mixed(
        expand: try fields.value(.expand, or: 6), widths: try fields.required(.widths),
        activation: try fields.word(.activation, or: .hardswish))
    }
  }

  /// Writes a head as a keyed value.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .pooled:
      try container.encode(Kind.pooled.rawValue, forKey: .kind)
    case .mixed(let expand, let widths, let activation):
      try container.encode(Kind.mixed.rawValue, forKey: .kind)
      try container.encode(expand, forKey: .expand)
      try container.encode(widths, forKey: .widths)
      try container.encode(activation, forKey: .activation)
    }
  }

  /// The choices of the features before the classifier; empty for a pooled head.
  public var widths: [Int] {
    switch self {
    case .pooled: []
    case .mixed(_, let widths, _): widths
    }
  }
}
