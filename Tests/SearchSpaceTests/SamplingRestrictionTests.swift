import Runtime
import SearchSpace
import Testing

private let restrictions: [(String, Restriction)] = [
  ("cnn", Restriction(vit: .identity)), ("cnn only", Restriction(vit: .otherKinds)),
  ("vit", Restriction(mbconv: .otherKinds)), ("mbconv identity", Restriction(mbconv: .identity)),
  ("largest kernel", Restriction(windows: [.kernel: .largest(1), .depth: .largest(2)])),
  ("small", Restriction(windows: [.width: .smallest(1), .mlp: .smallest(1), .heads: .largest(1)])),
  ("kinds", Restriction(vit: .identity, windows: [.kind: .smallest(1)])),
]

@Test(
  "Every draw of a restricted space keeps the restriction and runs in the whole space",
  arguments: SupernetSpace.presetNames, restrictions.indices)
func restrictedDraws(_ name: String, _ index: Int) throws {
  let space = try SupernetSpace.preset(name)
  let restriction = restrictions[index].1
  let part = space.restricted(by: restriction)
  #expect(
    part.size <= space.size || restriction.vit == .identity || restriction.mbconv == .identity)
  try part.validate()
  for draw in 0..<100 {
    let subnet = part.randomSubnet(RandomStream(seed: 7, stream: UInt64(draw)))
    #expect(part.contains(subnet))
    _ = try space.plan(for: subnet)
    for (stage, choice) in zip(space.stages, subnet.stages) {
      for (slot, block) in choice.blocks.enumerated() {
        if restriction.vit != .allowed { #expect(block.kind != .vit) }
        if restriction.mbconv != .allowed, stage.isResidual(slot: slot) {
          #expect(block.kind != .mbconv)
        }
        if restriction.vit == .otherKinds, stage.kinds(ofSlot: slot).count > 1 {
          #expect(block.kind == .mbconv)
        }
        if case .mbconv(let kernel, _) = block, restriction.windows[.kernel] == .largest(1) {
          #expect(kernel == stage.mbconv?.kernels.last)
        }
        if case .vit(let heads, let mlp, _) = block, restriction.windows[.mlp] == .smallest(1) {
          #expect(mlp == stage.vit?.mlp.first)
          #expect(heads == stage.vit?.heads.last)
        }
      }
      if restriction.windows[.depth] == .largest(2) {
        #expect(stage.depths.suffix(2).contains(choice.blocks.count))
      }
      if restriction.windows[.width] == .smallest(1) { #expect(choice.width == stage.widths[0]) }
    }
  }
}

@Test("No restriction is the space", arguments: SupernetSpace.presetNames)
func noRestriction(_ name: String) throws {
  let space = try SupernetSpace.preset(name)
  let same = space.restricted(by: .none)
  #expect(same.size == space.size)
  #expect(same.largest == space.largest && same.smallest == space.smallest)
}

@Test("Convolution-only and transformer-heavy subnets of the mini space")
func blockExtremes() throws {
  let space = SupernetSpace.mini
  #expect(space.largestConvolutional.id == "r28_s16_c24-k5e4x2_c32-k5e4x3_c64-k5e4x4")
  #expect(space.mostTransformers.id == "r28_s16_c24-k5e4x2_c32-k5e4x3_c64-k5e4-m2v2x3")
  let cnn = space.restricted(by: Restriction(vit: .identity))
  #expect(cnn.largest == space.largestConvolutional)
  #expect(cnn.stages[2].slots == [[.mbconv]] + Array(repeating: [.identity, .mbconv], count: 3))
  let vit = space.restricted(by: Restriction(mbconv: .otherKinds))
  #expect(vit.largest.id == "r28_s16_c24-k5e4-i_c32-k5e4-ix2_c64-k5e4-m2v2x3")
}

@Test("A transformer slot at identity costs nothing and counts as no active block")
func identitySlots() throws {
  let space = SupernetSpace.mini
  let with = try Subnet(id: "r28_s8_c16-k3e2_c24-k3e2_c48-k3e2-i-m1")
  let plan = try space.plan(for: with)
  #expect(!space.contains(with))
  #expect(plan.blocks.map(\.kind) == [.mbconv, .mbconv, .mbconv, .identity, .vit])
  guard case .vit(let vit) = plan.blocks[4].operation else {
    Issue.record("no transformer block")
    return
  }
  #expect(
    vit.scaling
      == ScalingPlan(
        depthIndex: 1, widthIndex: 0, depthRows: 4, widthRows: 2, factor: 8.0 / 48))
  #expect(vit.positionSide == 7 && vit.tokens == 49 && vit.heads == 6)
  let without = try Subnet(id: "r28_s8_c16-k3e2_c24-k3e2_c48-k3e2-m1")
  #expect(try space.cost(of: with) == space.cost(of: without))
}

@Test("What a hybrid slot stores holds both kinds at their largest")
func storedSlots() throws {
  let stored = SupernetSpace.mini.stored
  #expect(stored.stages.map(\.slots.count) == [2, 3, 4])
  #expect(stored.stages[2].slots.map { $0.mbconv != nil } == [true, true, true, true])
  #expect(stored.stages[2].slots.map { $0.vit != nil } == [false, true, true, true])
  guard case .mbconv(let mbconv)? = stored.stages[2].slots[1].mbconv?.operation,
    case .vit(let vit)? = stored.stages[2].slots[1].vit?.operation
  else {
    Issue.record("a kind is missing")
    return
  }
  #expect(mbconv.middle == 256 && mbconv.kernel == 5)
  #expect(vit.heads == 8 && vit.valueWidth == 128 && vit.hidden == 128)
}

@Test(
  "Every subnet's layers fit into what the supernet stores", arguments: SupernetSpace.presetNames)
func windowsFit(_ name: String) throws {
  let space = try SupernetSpace.preset(name)
  let stored = space.stored
  for draw in 0..<50 {
    let plan = try space.plan(
      for: space.randomSubnet(RandomStream(seed: 8, stream: UInt64(draw))))
    for block in plan.blocks {
      let slot = stored.stages[block.stage].slots[block.slot]
      switch block.operation {
      case .identity: break
      case .mbconv(let active):
        guard let whole = slot.mbconv, case .mbconv(let large) = whole.operation else {
          Issue.record("\(block.stage).\(block.slot) stores no mbconv")
          continue
        }
        #expect(block.inputWidth <= whole.inputWidth && block.outputWidth <= whole.outputWidth)
        #expect(active.middle <= large.middle && active.kernel <= large.kernel)
        #expect((active.squeeze ?? 0) <= (large.squeeze ?? 0))
        if case .projected(_, projects: true) = active.shortcut {
          guard case .projected(_, projects: true) = large.shortcut else {
            Issue.record("\(block.stage).\(block.slot) stores no shortcut")
            continue
          }
        }
      case .vit(let active):
        guard case .vit(let large)? = slot.vit?.operation else {
          Issue.record("\(block.stage).\(block.slot) stores no transformer block")
          continue
        }
        #expect(active.heads <= large.heads && active.hidden <= large.hidden)
        #expect(active.valueWidth <= large.valueWidth)
        #expect(active.positionSide == large.positionSide)
      }
    }
  }
}
