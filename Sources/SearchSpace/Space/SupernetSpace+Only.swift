import Configuration
import Runtime

extension SupernetSpace {
  /// The space of one subnet alone: its only member, at its own size.
  ///
  /// A supernet of it stores exactly the windows that the subnet has in a supernet of this space, so
  /// everything that trains, evaluates or saves supernets does so for a single network too.
  /// Identities are accepted in every slot that keeps width and side.
  ///
  /// - Throws: `KirchhoffError` when the subnet is not of the space.
  public func only(_ subnet: Subnet) throws -> SupernetSpace {
    try check(subnet, identities: true)
    var space = self
    space.only = subnet
    return space
  }

  /// Checks that the single member is one that the lists allow.
  func checkOnly() throws {
    guard let only else { return }
    var whole = self
    whole.only = nil
    do {
      try whole.check(only, identities: true)
    } catch let error as KirchhoffError {
      throw FieldError(
        [.key("only")], found: [error.place, error.found].compactMap { $0 }.joined(separator: " "),
        expected: error.expected)
    }
  }

  /// What a supernet of a single subnet stores: its blocks as they are.
  func stored(only subnet: Subnet) -> StoredPlan {
    let plan = resolve(subnet)
    let stages = plan.stages.map { stage in
      StoredStage(
        index: stage.index, entry: stage.entry,
        slots: stage.blocks.map { block in
          var slot = StoredSlot(stage: stage.index, slot: block.slot)
          switch block.operation {
          case .identity: break
          case .mbconv: slot.mbconv = block
          case .vit: slot.vit = block
          }
          return slot
        })
    }
    return StoredPlan(stem: plan.stem, stages: stages, head: plan.head)
  }
}

extension StrictFields {
  /// A subnet, written as its id.
  func subnet(_ key: Key) throws -> Subnet? {
    guard let text: String = try optional(key) else { return nil }
    do {
      return try Subnet(id: text)
    } catch let error as KirchhoffError {
      throw FieldError(
        path + [key], found: [error.place, error.found].compactMap { $0 }.joined(separator: " "),
        expected: error.expected)
    }
  }
}
