import Foundation
import Runtime
import SearchSpace
import Testing

@Test("A subnet's id reads back", arguments: SupernetSpace.presetNames)
func identifiersReadBack(_ name: String) throws {
  let space = try SupernetSpace.preset(name)
  for index in 0..<100 {
    let subnet = space.randomSubnet(RandomStream(seed: 4, stream: UInt64(index)))
    #expect(space.contains(subnet))
    #expect(try Subnet(id: subnet.id) == subnet)
    let coded = try JSONEncoder().encode([subnet])
    #expect(try JSONDecoder().decode([Subnet].self, from: coded) == [subnet])
  }
}

@Test("Ids with fractions, heads, identities and runs")
func identifierForms() throws {
  let subnet = Subnet(
    resolution: 32, stem: 16,
    stages: [
      StageChoice(
        width: 24,
        blocks: [
          .mbconv(kernel: 5, expand: 2.5), .mbconv(kernel: 5, expand: 2.5), .identity,
          .vit(heads: 3, mlp: 3.5, value: 0.5), .vit(heads: nil, mlp: 2, value: 1),
        ])
    ], head: 1984)
  #expect(subnet.id == "r32_s16_c24-k5e2.5x2-i-h3m3.5v0.5-m2_f1984")
  #expect(try Subnet(id: subnet.id) == subnet)
}

@Test(
  "A damaged id is refused with its place",
  arguments: [
    ("", "parts"), ("r28_s16", "parts"), ("x28_s16_c8-i", "part 1"), ("r28_16_c8-i", "part 2"),
    ("r28_s16_8-i", "part 3"), ("r28_s16_c8", "part 3"), ("r28_s16_c8-k3", "part 3"),
    ("r28_s16_c8-k3e6x0", "part 3"), ("r28_s16_c8-k3k3e6", "part 3"),
    ("r28_s16_c8-k3.5e6", "part 3"), ("r28_s16_c8-i_f12_c8-i", "part 4"),
    ("r28_s16_c8-m1x999", "part 3"), ("r0_s16_c8-i", "part 1"), ("r28_s16_c8-", "part 3"),
    ("r28_s16_c8-h2.5m1", "part 3"), ("r28_s16_f12", "parts"),
  ])
func damagedIdentifiers(_ id: String, _ place: String) {
  #expect {
    try Subnet(id: id)
  } throws: {
    ($0 as? KirchhoffError)?.place == place && ($0 as? KirchhoffError)?.kind == .usage
  }
}

@Test(
  "A subnet of another space is refused with the choice that does not fit",
  arguments: [
    ("r32_s16_c16-k3e3_c24-k3e3_c48-k3e3_c64-h2m1_c128-h4m1", "resolution"),
    ("r28_s8_c16-k3e3_c24-k3e3_c48-k3e3_c64-h2m1_c128-h4m1", "stem"),
    ("r28_s16_c16-k3e3", "stages"),
    ("r28_s16_c17-k3e3_c24-k3e3_c48-k3e3_c64-h2m1_c128-h4m1", "stages[0].width"),
    ("r28_s16_c16-k3e3x3_c24-k3e3_c48-k3e3_c64-h2m1_c128-h4m1", "stages[0].depth"),
    ("r28_s16_c16-i_c24-k3e3_c48-k3e3_c64-h2m1_c128-h4m1", "stages[0].slots[0]"),
    ("r28_s16_c16-k3e3_c24-k7e3_c48-k3e3_c64-h2m1_c128-h4m1", "stages[1].slots[0].kernel"),
    ("r28_s16_c16-k3e3_c24-k3e2_c48-k3e3_c64-h2m1_c128-h4m1", "stages[1].slots[0].expand"),
    ("r28_s16_c16-k3e3_c24-k3e3_c48-k3e3_c64-m1_c128-h4m1", "stages[3].slots[0].heads"),
    ("r28_s16_c16-k3e3_c24-k3e3_c48-k3e3_c64-h2m4_c128-h4m1", "stages[3].slots[0].mlp"),
    ("r28_s16_c16-k3e3_c24-k3e3_c48-k3e3_c64-h2m1v2_c128-h4m1", "stages[3].slots[0].value"),
    ("r28_s16_c16-k3e3_c24-k3e3_c48-k3e3_c64-h2m1_c128-h4m1_f9", "head"),
  ])
func strangers(_ id: String, _ place: String) throws {
  let subnet = try Subnet(id: id)
  #expect(!SupernetSpace.compact.contains(subnet))
  #expect {
    try SupernetSpace.compact.plan(for: subnet)
  } throws: {
    ($0 as? KirchhoffError)?.place == place
  }
}

@Test("A choice by stage is one choice")
func sharedChoices() throws {
  let id =
    "r192_s16_c16-k3e1-k5e1_c24-k3e4x3_c32-k3e4x3_c64-k3e4x3_c112-k3e4x3_c192-k3e6x3"
    + "_c216-k3e6_f1792"
  #expect(!SupernetSpace.attentivenas.contains(try Subnet(id: id)))
  #expect(
    SupernetSpace.attentivenas.contains(
      try Subnet(id: id.replacingOccurrences(of: "k3e1-k5e1", with: "k5e1x2"))))
}

@Test("Genomes and subnets are inverse", arguments: SupernetSpace.presetNames)
func genomes(_ name: String) throws {
  let space = try SupernetSpace.preset(name)
  let genes = space.genes
  #expect(Set(genes.map(\.name)).count == genes.count)
  for index in 0..<50 {
    let stream = RandomStream(seed: 5, stream: UInt64(index))
    let genome = genes.indices.map { stream.integer(at: UInt64($0), below: genes[$0].options) }
    let subnet = space.subnet(genome: genome)
    let back = space.genome(of: subnet)
    #expect(back.count == genes.count)
    // Active genes come back; the others do not matter.
    #expect(zip(genome, back).allSatisfy { $1 == nil || $1 == $0 })
    #expect(space.subnet(genome: back.map { $0 ?? 0 }) == subnet)
  }
}

@Test(
  "Mutation and crossover stay in the space and keep what they should",
  arguments: SupernetSpace.presetNames)
func variation(_ name: String) throws {
  let space = try SupernetSpace.preset(name)
  for index in 0..<50 {
    let stream = RandomStream(seed: 6, stream: UInt64(index))
    let a = space.randomSubnet(stream.derived(1))
    let b = space.randomSubnet(stream.derived(2))
    #expect(space.mutated(a, probability: 0, stream) == a)
    #expect(space.crossed(a, b, probability: 1, stream) == a)
    #expect(space.crossed(a, b, probability: 0, stream) == b)
    #expect(space.crossed(a, a, stream) == a)
    let mutant = space.mutated(a, probability: 0.3, stream)
    #expect(space.contains(mutant) && space.contains(space.crossed(a, b, stream)))
    #expect(space.mutated(a, probability: 0.3, stream) == mutant)
    // With probability 1 every choice of the whole network changes.
    let all = space.mutated(a, probability: 1, stream)
    for (stage, choice) in all.stages.enumerated() where space.stages[stage].widths.count > 1 {
      #expect(choice.width != a.stages[stage].width)
    }
  }
}
