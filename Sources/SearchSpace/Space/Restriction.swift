import Configuration

/// What a training phase does with the slots that may hold one kind of block.
public enum KindRule: String, Codable, Hashable, Sendable, CaseIterable {
  /// The kind is a choice like the others.
  case allowed
  /// The kind is left out: a slot takes its other kinds, and identity where it has none.
  case otherKinds
  /// The kind is replaced by identity. A network that was trained so is unchanged, bit for bit, when
  /// the block comes in at a residual scale of 0.
  case identity
}

/// Which options of a dimension a training phase uses.
public enum Window: Hashable, Sendable {
  /// All of them.
  case all
  /// The largest few.
  case largest(Int)
  /// The smallest few.
  case smallest(Int)

  func applied<T>(to options: [T]) -> [T] {
    switch self {
    case .all: options
    case .largest(let count): Array(options.suffix(count))
    case .smallest(let count): Array(options.prefix(count))
    }
  }
}

extension Window: Codable {
  /// Reads `all`, `largest 2` or `smallest 1`.
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    let words = text.split(separator: " ")
    let count = words.count == 2 ? Int(words[1]) : nil
    switch (words.first, count) {
    case ("all", nil) where words.count == 1: self = .all
    case ("largest", let count?) where count > 0: self = .largest(count)
    case ("smallest", let count?) where count > 0: self = .smallest(count)
    default:
      throw FieldError(
        decoder.codingPath, found: "\"\(text)\"",
        expected: "all, largest n or smallest n with n above 0")
    }
  }

  /// Writes the text that ``init(from:)`` reads.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .all: try container.encode("all")
    case .largest(let count): try container.encode("largest \(count)")
    case .smallest(let count): try container.encode("smallest \(count)")
    }
  }
}

/// The part of a space that a training phase samples: allowed block kinds, and a window in each
/// dimension (OFA's progressive shrinking opens these one after another).
public struct Restriction: Codable, Hashable, Sendable {
  /// What happens to MBConv slots.
  ///
  /// The first block of a stage without entry convolution stays.
  public var mbconv: KindRule
  /// What happens to transformer slots.
  public var vit: KindRule
  /// The options used in each dimension; a dimension that is not listed is free.
  ///
  /// `kind` and `head` windows act on block kinds and head widths.
  public var windows: [Dimension: Window]

  /// A restriction; without arguments, none.
  public init(
    mbconv: KindRule = .allowed, vit: KindRule = .allowed, windows: [Dimension: Window] = [:]
  ) {
    self.mbconv = mbconv
    self.vit = vit
    self.windows = windows
  }

  /// The whole space.
  public static let none = Restriction()

  private struct Key: CodingKey, CaseIterable {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }

    static let mbconv = Key(stringValue: "mbconv")
    static let vit = Key(stringValue: "vit")
    static var allCases: [Key] {
      [mbconv, vit] + Dimension.allCases.map { Key(stringValue: $0.rawValue) }
    }
  }

  /// Reads a restriction; unknown keys are errors.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<Key>(decoder)
    self.init(
      mbconv: try fields.word(.mbconv, or: .allowed), vit: try fields.word(.vit, or: .allowed))
    for dimension in Dimension.allCases {
      windows[dimension] = try fields.optional(Key(stringValue: dimension.rawValue))
    }
  }

  /// Writes what differs from no restriction.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    if mbconv != .allowed { try container.encode(mbconv, forKey: .mbconv) }
    if vit != .allowed { try container.encode(vit, forKey: .vit) }
    for (dimension, window) in windows {
      try container.encode(window, forKey: Key(stringValue: dimension.rawValue))
    }
  }
}

extension SupernetSpace {
  /// The sub-space that a restriction leaves.
  ///
  /// Its subnets are planned and run in the full space: ``plan(for:)`` there accepts its
  /// identities. A space of a single subnet has nothing to restrict.
  public func restricted(by restriction: Restriction) -> SupernetSpace {
    func keep<T>(_ options: [T], _ dimension: Dimension) -> [T] {
      restriction.windows[dimension]?.applied(to: options) ?? options
    }
    var space = self
    space.resolutions = keep(resolutions, .resolution)
    space.stem.widths = keep(stem.widths, .stem)
    if case .mixed(let expand, let widths, let activation) = head {
      space.head = .mixed(expand: expand, widths: keep(widths, .head), activation: activation)
    }
    space.stages = stages.map { stage in
      var stage = stage
      stage.slots = (0..<stage.maxDepth).map { slot in
        let residual = stage.isResidual(slot: slot)
        var kinds = stage.kinds(ofSlot: slot)
        kinds = apply(restriction.mbconv, to: .mbconv, in: kinds, residual: residual)
        kinds = apply(restriction.vit, to: .vit, in: kinds, residual: residual)
        return keep(kinds, .kind)
      }
      stage.widths = keep(stage.widths, .width)
      stage.depths = keep(stage.depths, .depth)
      if var mbconv = stage.mbconv {
        mbconv.kernels = keep(mbconv.kernels, .kernel)
        mbconv.expands = keep(mbconv.expands, .expand)
        stage.mbconv = mbconv
      }
      if var vit = stage.vit {
        vit.heads = keep(vit.heads, .heads)
        vit.mlp = keep(vit.mlp, .mlp)
        vit.value = keep(vit.value, .value)
        stage.vit = vit
      }
      return stage
    }
    return space
  }

  private func apply(
    _ rule: KindRule, to kind: BlockKind, in kinds: [BlockKind], residual: Bool
  ) -> [BlockKind] {
    guard rule != .allowed, kinds.contains(kind), residual else { return kinds }
    let others = kinds.filter { $0 != kind }
    if rule == .otherKinds { return others.isEmpty ? [.identity] : others }
    return Set(others + [.identity]).sorted()
  }

  /// Only convolutional blocks: transformer slots take an MBConv where they may, else identity.
  public var convolutional: SupernetSpace {
    restricted(by: Restriction(vit: .otherKinds))
  }

  /// The largest subnet without transformer blocks.
  public var largestConvolutional: Subnet { convolutional.largest }

  /// A subnet with a transformer block in every slot that may hold one, as many slots as possible,
  /// and everything else at its largest.
  public var mostTransformers: Subnet {
    restricted(by: Restriction(windows: [.kind: .largest(1)])).largest
  }
}
