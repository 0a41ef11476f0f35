import RunLog
import Runtime
import SearchSpace

/// A subnet worth looking at, and why.
public struct NamedSubnet: Sendable, Hashable {
  /// Why it was chosen.
  public var group: SubnetGroup
  /// The subnet.
  public var subnet: Subnet
}

extension SupernetSpace {
  /// The subnets of the table at the end of a training: largest, smallest, random ones, the largest
  /// convolutional one and the one with most transformers.
  ///
  /// Of a space with a single member, that one.
  public func representativeSubnets(sampled: Int, seed: UInt64) -> [NamedSubnet] {
    if let only { return [NamedSubnet(group: .largest, subnet: only)] }
    var list = [
      NamedSubnet(group: .largest, subnet: largest),
      NamedSubnet(group: .smallest, subnet: smallest),
    ]
    if offers(.vit) && offers(.mbconv) {
      list.append(NamedSubnet(group: .cnnOnly, subnet: largestConvolutional))
      list.append(NamedSubnet(group: .vitHeavy, subnet: mostTransformers))
    }
    let stream = RandomStream(seed: seed).derived("representative")
    for index in 0..<sampled {
      list.append(
        NamedSubnet(group: .sampled, subnet: randomSubnet(stream.derived(UInt64(index)))))
    }
    return list.filter { contains($0.subnet) }
  }

  private func offers(_ kind: BlockKind) -> Bool { stages.contains { $0.offers(kind) } }

  /// What a subnet is made of, by the blocks in slots where the space offers transformers.
  public func family(of subnet: Subnet) -> SubnetFamily {
    var transformers = 0
    var slots = 0
    for (stage, choice) in zip(stages, subnet.stages) {
      for (slot, block) in choice.blocks.enumerated()
      where stage.kinds(ofSlot: slot).contains(.vit) {
        slots += 1
        transformers += block.kind == .vit ? 1 : 0
      }
    }
    if transformers == 0 { return .cnnOnly }
    return 2 * transformers > slots ? .vitHeavy : .hybrid
  }
}
