/// The weights of one slot at their largest: one block for each kind that it may hold.
///
/// A kind that only a restriction brings in (identity) stores nothing.
public struct StoredSlot: Hashable, Sendable {
  /// The stage.
  public var stage: Int
  /// The slot in the stage.
  public var slot: Int
  /// The largest MBConv of the slot.
  public var mbconv: BlockPlan?
  /// The largest transformer block of the slot.
  public var vit: BlockPlan?
}

/// The weights of one stage at their largest.
public struct StoredStage: Hashable, Sendable {
  /// Index of the stage in the space.
  public var index: Int
  /// The entry convolution.
  public var entry: ConvolutionPlan?
  /// The slots, as many as the largest depth.
  public var slots: [StoredSlot]
}

/// What a supernet stores: every weight once, at its largest size.
///
/// Every subnet is a window of it.
public struct StoredPlan: Hashable, Sendable {
  /// The first convolution.
  public var stem: ConvolutionPlan
  /// The stages.
  public var stages: [StoredStage]
  /// The classifier.
  public var head: HeadPlan
}

extension SupernetSpace {
  /// The weights that a supernet of this space stores.
  public var stored: StoredPlan {
    if let only { return stored(only: only) }
    let largest = largest
    var stages = self.stages.indices.map { StoredStage(index: $0, entry: nil, slots: []) }
    for kind in [BlockKind.mbconv, .vit] {
      // The largest subnet with this kind wherever it may stand shows the kind's largest blocks.
      var subnet = largest
      for (index, stage) in self.stages.enumerated() {
        for slot in 0..<stage.maxDepth where stage.kinds(ofSlot: slot).contains(kind) {
          guard let block = largestBlock(kind, of: stage) else { continue }
          subnet.stages[index].blocks[slot] = block
        }
      }
      for plan in resolve(subnet).stages {
        stages[plan.index].entry = plan.entry
        for block in plan.blocks {
          if stages[plan.index].slots.count <= block.slot {
            stages[plan.index].slots.append(StoredSlot(stage: plan.index, slot: block.slot))
          }
          switch block.operation {
          case .identity: break
          case .mbconv: stages[plan.index].slots[block.slot].mbconv = storedShortcut(block)
          case .vit: stages[plan.index].slots[block.slot].vit = block
          }
        }
      }
    }
    let plan = resolve(largest)
    return StoredPlan(stem: plan.stem, stages: stages, head: plan.head)
  }

  private func largestBlock(_ kind: BlockKind, of stage: Stage) -> BlockChoice? {
    switch kind {
    case .identity: .identity
    case .mbconv: stage.mbconv?.all.last
    case .vit: stage.vit?.all.last
    }
  }

  /// A first block whose widths can differ stores its projection even where the largest are equal.
  private func storedShortcut(_ block: BlockPlan) -> BlockPlan {
    let stage = stages[block.stage]
    guard case .mbconv(var plan) = block.operation, stage.mbconv?.shortcut == .projected,
      block.slot == 0, stage.entry == nil
    else { return block }
    let inputs = block.stage == 0 ? stem.widths : stages[block.stage - 1].widths
    let projects = inputs.contains { input in stage.widths.contains { $0 != input } }
    plan.shortcut = .projected(pool: block.stride, projects: projects)
    var block = block
    block.operation = .mbconv(plan)
    return block
  }
}
