import Configuration
import Runtime

extension SupernetSpace {
  /// Every choice at its largest: the maximal network of the sandwich rule.
  ///
  /// In a slot with several block kinds that is the last one listed.
  public var largest: Subnet { assemble { $0.options - 1 } }

  /// Every choice at its smallest.
  public var smallest: Subnet { assemble { _ in 0 } }

  /// Whether a subnet is one of the space.
  public func contains(_ subnet: Subnet) -> Bool {
    (try? check(subnet)) != nil
  }

  /// Checks that a subnet is one of the space.
  ///
  /// - Parameter identities: also accept identities in any slot that keeps width and side, as
  ///   restricted training phases use them.
  /// - Throws: `KirchhoffError` that names the choice, what was found and the options.
  public func check(_ subnet: Subnet, identities: Bool = false) throws {
    if let only {
      guard subnet == only else {
        throw mismatch(subnet, "only", subnet.id, "\(only.id), the only member")
      }
      return
    }
    func member<T: Equatable>(_ value: T, of options: [T], _ place: String, _ text: (T) -> String)
      throws
    {
      guard options.contains(value) else {
        throw mismatch(
          subnet, place, text(value), "one of " + options.map(text).joined(separator: ", "))
      }
    }
    try member(subnet.resolution, of: resolutions, "resolution") { "\($0)" }
    try member(subnet.stem, of: stem.widths, "stem") { "\($0)" }
    guard subnet.stages.count == stages.count else {
      throw mismatch(subnet, "stages", "\(subnet.stages.count)", "\(stages.count)")
    }
    for (index, (stage, choice)) in zip(stages, subnet.stages).enumerated() {
      let place = "stages[\(index)]"
      try member(choice.width, of: stage.widths, place + ".width") { "\($0)" }
      try member(choice.blocks.count, of: stage.depths, place + ".depth") { "\($0)" }
      for (slot, block) in choice.blocks.enumerated() {
        let place = place + ".slots[\(slot)]"
        if identities, block == .identity, stage.isResidual(slot: slot) { continue }
        try member(block.kind, of: stage.kinds(ofSlot: slot), place) { $0.rawValue }
        switch block {
        case .identity:
          break
        case .mbconv(let kernel, let expand):
          try member(kernel, of: stage.mbconv?.kernels ?? [], place + ".kernel") { "\($0)" }
          try member(expand, of: stage.mbconv?.expands ?? [], place + ".expand") { $0.short }
        case .vit(let heads, let mlp, let value):
          let options: [Int?] = stage.vit?.heads ?? []
          try member(heads, of: options.isEmpty ? [nil] : options, place + ".heads") {
            $0.map(String.init) ?? "none, as heads follow from the width"
          }
          try member(mlp, of: stage.vit?.mlp ?? [], place + ".mlp") { $0.short }
          try member(value, of: stage.vit?.value ?? [], place + ".value") { $0.short }
        }
      }
      try checkShared(subnet, stage, choice, place)
    }
    let heads: [Int?] = head.widths.isEmpty ? [nil] : head.widths
    try member(subnet.head, of: heads, "head") { $0.map(String.init) ?? "none" }
  }

  private func checkShared(
    _ subnet: Subnet, _ stage: Stage, _ choice: StageChoice, _ place: String
  ) throws {
    for (kind, scope) in [(BlockKind.mbconv, stage.mbconv?.scope), (.vit, stage.vit?.scope)]
    where scope == .stage {
      let blocks = choice.blocks.filter { $0.kind == kind }
      if let first = blocks.first, let other = blocks.first(where: { $0 != first }) {
        throw mismatch(
          subnet, place, "\(kind.rawValue) blocks \(first.id) and \(other.id)",
          "one choice for the whole stage")
      }
    }
  }

  private func mismatch(_ subnet: Subnet, _ place: String, _ found: String, _ expected: String)
    -> KirchhoffError
  {
    KirchhoffError(
      .config, subject: "subnet \(subnet.id) in space \"\(name)\"", place: place, found: found,
      expected: expected)
  }

  /// Every choice drawn uniformly from its options: random draws of OFA, AttentiveNAS and NASViT.
  ///
  /// Not uniform over subnets (see ``uniformSubnet(_:)``), because shallow stages have fewer
  /// choices.
  public func randomSubnet(_ stream: RandomStream) -> Subnet {
    var index: UInt64 = 0
    return assemble { gene in
      index += 1
      return stream.integer(at: index - 1, below: gene.options)
    }
  }

  /// A neighbour: each choice changes to another option with a probability.
  ///
  /// Choices that become active are drawn uniformly.
  public func mutated(_ subnet: Subnet, probability: Double, _ stream: RandomStream) -> Subnet {
    vary(subnet, subnet) { gene, value, _, index in
      guard let value else { return stream.integer(at: 2 * index + 1, below: gene.options) }
      guard Double(stream.uniform(at: 2 * index)) < probability else { return value }
      let step = 1 + stream.integer(at: 2 * index + 1, below: gene.options - 1)
      return (value + step) % gene.options
    }
  }

  /// A child: each choice from the first parent with a probability, else from the second.
  ///
  /// A choice that is active in only one parent comes from that one, in neither is drawn uniformly.
  public func crossed(
    _ first: Subnet, _ second: Subnet, probability: Double = 0.5, _ stream: RandomStream
  ) -> Subnet {
    vary(first, second) { gene, a, b, index in
      let fromFirst = Double(stream.uniform(at: 2 * index)) < probability
      return (fromFirst ? a ?? b : b ?? a)
        ?? stream.integer(at: 2 * index + 1, below: gene.options)
    }
  }

  private func vary(
    _ first: Subnet, _ second: Subnet, _ choose: (Gene, Int?, Int?, UInt64) -> Int
  ) -> Subnet {
    let a = genome(of: first)
    let b = genome(of: second)
    var index = 0
    return assemble { gene in
      index += 1
      return choose(gene, a[index - 1], b[index - 1], UInt64(index - 1))
    }
  }
}
