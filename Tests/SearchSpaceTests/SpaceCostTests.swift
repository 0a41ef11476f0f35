import Runtime
import SearchSpace
import Testing

/// Published MACs of the AttentiveNAS family in millions (its repository's README and configuration).
private let attentiveFamily: [(name: String, millions: Int, id: String)] = [
  ("A0", 203, "r192_s16_16:3:1:1_24:3:4:3_32:3:4:3_64:3:4:3_112:3:4:3_192:3:6:3_216:3:6:1_1792"),
  ("A1", 279, "r224_s16_16:3:1:1_24:3:4:3_32:3:4:3_64:5:4:3_112:3:4:3_192:5:6:3_216:3:6:1_1984"),
  ("A2", 317, "r224_s16_16:3:1:1_24:3:4:3_32:3:5:3_64:3:4:3_112:3:4:3_200:5:6:4_224:3:6:1_1984"),
  ("A3", 357, "r224_s16_16:3:1:2_24:3:4:3_32:3:4:3_64:5:4:4_112:3:4:3_208:3:6:5_224:3:6:1_1984"),
  ("A4", 444, "r256_s16_16:3:1:1_24:3:4:3_32:3:4:3_64:5:5:4_112:3:4:3_192:5:6:5_216:3:6:1_1984"),
  ("A5", 491, "r256_s16_16:3:1:1_24:3:4:3_32:3:5:3_72:5:4:3_112:3:4:4_192:3:6:6_216:3:6:1_1792"),
  ("A6", 709, "r288_s16_16:3:1:1_24:3:4:3_32:3:6:3_64:3:5:4_112:3:4:4_216:5:6:6_224:3:6:1_1984"),
]

/// `width:kernel:expand:depth` as the published configurations list them.
private func attentiveSubnet(_ text: String) throws -> Subnet {
  var parts = text.split(separator: "_").map(String.init)
  parts[parts.count - 1] = "f" + parts[parts.count - 1]
  for index in 2..<parts.count - 1 {
    let n = parts[index].split(separator: ":")
    parts[index] = "c\(n[0])-k\(n[1])e\(n[2])" + (n[3] == "1" ? "" : "x\(n[3])")
  }
  return try Subnet(id: parts.joined(separator: "_"))
}

@Test("MACs of the published AttentiveNAS family", arguments: attentiveFamily.map(\.name))
func attentiveNASFamily(_ name: String) throws {
  let entry = try #require(attentiveFamily.first { $0.name == name })
  let cost = try SupernetSpace.attentivenas.cost(of: attentiveSubnet(entry.id))
  // The publication rounds to millions.
  #expect((Double(cost.macs) / 1e6).rounded() == Double(entry.millions))
}

@Test("The mini space stays at about 13 M MACs at its largest")
func miniCost() throws {
  // Summed by hand: stem 0.11, first stage 1.49, second 1.83, third 0.76 + 3 x 2.9 (M MACs).
  let cost = try SupernetSpace.mini.cost(of: SupernetSpace.mini.largest)
  #expect(cost.macs == 12_903_712)
}

@Test("The largest network of Once-for-all has 7.66 M parameters")
func onceForAllCost() throws {
  // Published as 7.7 M for the supernet of kernel 7, expansion 6, depth 4 at width 1.0.
  #expect(SupernetSpace.ofaMobileNetV3.storedParameters == 7_664_760)
}

@Test("MACs of a NASViT transformer block follow the closed form", arguments: [64, 72, 128, 224])
func nasvitBlock(_ c: Int) throws {
  let space = SupernetSpace.nasvit
  for index in 0..<100 {
    let subnet = space.randomSubnet(RandomStream(seed: 3, stream: UInt64(index)))
    for block in try space.plan(for: subnet).blocks where block.kind == .vit {
      guard block.inputWidth == c else { continue }
      let layers = try subnet.layers(in: space).filter {
        $0.stage == block.stage && $0.slot == block.slot
      }
      let r2 = block.inputSide * block.inputSide
      let expected =
        r2 * (6 * c * c + 8 * c * c + 5 * r2 * c + 9 * 4 * c) + 2 * (c / 8) * (c / 8) * r2 * r2
      #expect(layers.reduce(0) { $0 + $1.macs } == expected)
    }
  }
}

@Test("MACs of an MBConv follow the closed form")
func mbconvBlock() throws {
  let space = SupernetSpace.attentivenas
  let subnet = space.largest
  let plan = try space.plan(for: subnet)
  let layers = try subnet.layers(in: space)
  for block in plan.blocks {
    guard case .mbconv(let mbconv) = block.operation else { continue }
    let (i, o, m, k) = (block.inputWidth, block.outputWidth, mbconv.middle, mbconv.kernel)
    let from = block.inputSide * block.inputSide
    let to = block.outputSide * block.outputSide
    var expected = (mbconv.expands ? i * m * from : 0) + m * k * k * to + m * o * to
    if let squeeze = mbconv.squeeze { expected += 2 * m * squeeze }
    if case .projected(_, projects: true) = mbconv.shortcut { expected += i * o * to }
    let macs = layers.filter { $0.stage == block.stage && $0.slot == block.slot }
    #expect(macs.reduce(0) { $0 + $1.macs } == expected)
  }
}

@Test("The summary of a space", arguments: SupernetSpace.presetNames)
func summaries(_ name: String) throws {
  let space = try SupernetSpace.preset(name)
  let summary = space.summary
  #expect(summary.size == space.size.description)
  #expect(summary.entries.count == (["mini", "compact", "nasvit"].contains(name) ? 4 : 2))
  for entry in summary.entries {
    #expect(entry.cost == (try space.plan(for: entry.subnet).cost))
  }
}

@Test("A layer list adds up and names its layers once", arguments: SupernetSpace.presetNames)
func layerLists(_ name: String) throws {
  let space = try SupernetSpace.preset(name)
  let layers = try space.largest.layers(in: space)
  let cost = try space.cost(of: space.largest)
  #expect(layers.reduce(0) { $0 + $1.macs } == cost.macs)
  #expect(layers.reduce(0) { $0 + $1.parameters } == cost.parameters)
  #expect(Set(layers.map(\.name)).count == layers.count)
  #expect(layers.first?.name == "stem.convolution")
  #expect(layers.last?.name == "head.classifier")
  #expect(layers.last?.outputWidth == space.classes)
}
