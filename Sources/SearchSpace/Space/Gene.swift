/// One choice of a space with more than one option, by place and dimension.
public struct Gene: Hashable, Sendable, Codable {
  /// The stage, or nil for resolution, stem and head.
  public var stage: Int?
  /// The slot in the stage, or nil for a choice of the whole stage.
  public var slot: Int?
  /// What is chosen.
  public var dimension: Dimension
  /// How many options there are; a genome holds 0 (smallest) to options − 1 (largest).
  public var options: Int

  init(_ dimension: Dimension, _ options: Int, stage: Int? = nil, slot: Int? = nil) {
    self.stage = stage
    self.slot = slot
    self.dimension = dimension
    self.options = options
  }

  /// `stages[2].slots[0].kernel`, for people and for search methods.
  public var name: String {
    guard let stage else { return dimension.rawValue }
    guard let slot else { return "stages[\(stage)].\(dimension.rawValue)" }
    return "stages[\(stage)].slots[\(slot)].\(dimension.rawValue)"
  }
}

extension SupernetSpace {
  /// The choices of the space in a fixed order: what a search method varies.
  ///
  /// Genes of slots beyond the depth, or of another block kind, are inactive and change nothing.
  public var genes: [Gene] {
    var genes: [Gene] = []
    _ = assemble { gene in
      genes.append(gene)
      return 0
    }
    return genes
  }

  /// The subnet of a genome: one option index for each of ``genes``.
  public func subnet(genome: [Int]) -> Subnet {
    var position = 0
    let subnet = assemble { gene in
      precondition(
        position < genome.count && genome[position] >= 0 && genome[position] < gene.options,
        "genome of \(genome.count) genes does not fit \(gene.name) (\(gene.options) options)")
      position += 1
      return genome[position - 1]
    }
    precondition(position == genome.count, "genome of \(genome.count) genes, expected \(position)")
    return subnet
  }

  /// The option index of each of ``genes`` in a subnet of this space, nil where the gene is inactive.
  public func genome(of subnet: Subnet) -> [Int?] {
    var genome: [Int?] = []
    _ = assemble { gene in
      let index = option(of: gene, in: subnet)
      genome.append(index)
      return index ?? 0
    }
    return genome
  }

  /// Builds a subnet from an answer to each choice with more than one option, asked in the order of
  /// ``genes``, inactive ones included.
  func assemble(_ pick: (Gene) -> Int) -> Subnet {
    if let only { return only }
    func choose<T>(_ options: [T], _ dimension: Dimension, stage: Int? = nil, slot: Int? = nil)
      -> T
    {
      options.count == 1
        ? options[0] : options[pick(Gene(dimension, options.count, stage: stage, slot: slot))]
    }
    func chooseMBConv(_ options: MBConvOptions, _ stage: Int, _ slot: Int?) -> BlockChoice {
      .mbconv(
        kernel: choose(options.kernels, .kernel, stage: stage, slot: slot),
        expand: choose(options.expands, .expand, stage: stage, slot: slot))
    }
    func chooseVit(_ options: VitOptions, _ stage: Int, _ slot: Int?) -> BlockChoice {
      .vit(
        heads: options.heads.isEmpty
          ? nil : choose(options.heads, .heads, stage: stage, slot: slot),
        mlp: choose(options.mlp, .mlp, stage: stage, slot: slot),
        value: choose(options.value, .value, stage: stage, slot: slot))
    }

    var subnet = Subnet(
      resolution: choose(resolutions, .resolution), stem: choose(stem.widths, .stem), stages: [])
    subnet.stages.reserveCapacity(stages.count)
    for (index, stage) in stages.enumerated() {
      var choice = StageChoice(width: choose(stage.widths, .width, stage: index), blocks: [])
      let depth = choose(stage.depths, .depth, stage: index)
      choice.blocks.reserveCapacity(depth)
      let sharedMBConv =
        stage.mbconv?.scope == .stage && stage.offers(.mbconv)
        ? stage.mbconv.map { chooseMBConv($0, index, nil) } : nil
      let sharedVit =
        stage.vit?.scope == .stage && stage.offers(.vit)
        ? stage.vit.map { chooseVit($0, index, nil) } : nil
      for slot in 0..<stage.maxDepth {
        let kinds = stage.kinds(ofSlot: slot)
        let kind = choose(kinds, .kind, stage: index, slot: slot)
        var block = BlockChoice.identity
        if kinds.contains(.mbconv), let options = stage.mbconv {
          let mbconv = sharedMBConv ?? chooseMBConv(options, index, slot)
          if kind == .mbconv { block = mbconv }
        }
        if kinds.contains(.vit), let options = stage.vit {
          let vit = sharedVit ?? chooseVit(options, index, slot)
          if kind == .vit { block = vit }
        }
        if slot < depth { choice.blocks.append(block) }
      }
      subnet.stages.append(choice)
    }
    subnet.head = head.widths.isEmpty ? nil : choose(head.widths, .head)
    return subnet
  }

  /// Which option of a gene a subnet uses.
  private func option(of gene: Gene, in subnet: Subnet) -> Int? {
    guard let index = gene.stage else {
      switch gene.dimension {
      case .resolution: return resolutions.firstIndex(of: subnet.resolution)
      case .stem: return stem.widths.firstIndex(of: subnet.stem)
      default: return subnet.head.flatMap { head.widths.firstIndex(of: $0) }
      }
    }
    guard index < subnet.stages.count else { return nil }
    let stage = stages[index]
    let choice = subnet.stages[index]
    if gene.dimension == .width { return stage.widths.firstIndex(of: choice.width) }
    if gene.dimension == .depth { return stage.depths.firstIndex(of: choice.blocks.count) }
    let wanted: BlockKind =
      gene.dimension == .kernel || gene.dimension == .expand ? .mbconv : .vit
    let block: BlockChoice?
    if let slot = gene.slot {
      block = slot < choice.blocks.count ? choice.blocks[slot] : nil
      if gene.dimension == .kind {
        return block.flatMap { stage.kinds(ofSlot: slot).firstIndex(of: $0.kind) }
      }
    } else {
      block = choice.blocks.first { $0.kind == wanted }
    }
    switch (block, gene.dimension) {
    case (.mbconv(let kernel, _), .kernel): return stage.mbconv?.kernels.firstIndex(of: kernel)
    case (.mbconv(_, let expand), .expand): return stage.mbconv?.expands.firstIndex(of: expand)
    case (.vit(let heads?, _, _), .heads): return stage.vit?.heads.firstIndex(of: heads)
    case (.vit(_, let mlp, _), .mlp): return stage.vit?.mlp.firstIndex(of: mlp)
    case (.vit(_, _, let value), .value): return stage.vit?.value.firstIndex(of: value)
    default: return nil
    }
  }
}
