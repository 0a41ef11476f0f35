import BigInt
import Runtime
import SearchSpace
import Testing

@Test(
  "Sizes as published",
  arguments: [
    ("nasvit", "48157949952"), ("attentivenas", "440301256704"),
    ("ofa-mbv3", "21758655492572485851"),
  ])
func publishedSizes(_ name: String, _ size: String) throws {
  #expect(try SupernetSpace.preset(name).size.description == size)
}

@Test("Every preset is valid and its extremes are members", arguments: SupernetSpace.presetNames)
func presetsAreValid(_ name: String) throws {
  let space = try SupernetSpace.preset(name)
  try space.validate()
  #expect(space.name == name)
  #expect(space.contains(space.largest))
  #expect(space.contains(space.smallest))
  #expect(space.contains(space.mostTransformers))
  #expect(space.largest == space.subnet(genome: space.genes.map { $0.options - 1 }))
}

@Test(
  "Nothing costs more than the largest or less than the smallest subnet",
  arguments: SupernetSpace.presetNames)
func extremesBoundTheCost(_ name: String) throws {
  let space = try SupernetSpace.preset(name)
  let low = try space.cost(of: space.smallest)
  let high = try space.cost(of: space.largest)
  let stored = space.storedParameters
  for index in 0..<200 {
    let cost = try space.cost(of: space.randomSubnet(RandomStream(seed: 1, stream: UInt64(index))))
    #expect(cost.macs >= low.macs && cost.macs <= high.macs)
    #expect(cost.parameters >= low.parameters && cost.parameters <= high.parameters)
    #expect(cost.parameters <= stored)
  }
}

@Test("A tiny space is enumerated without gap or repetition")
func enumeration() throws {
  let space = tinySpace
  let size = Int(space.size)
  // Resolution 2 · stem 2 · [widths 2 · (kernel 2 · expand 1 shared) · depths 2]
  // · [width 1 · (4 + 4 · (4 + 2) + 4 · 6 · 6)].
  #expect(size == 2 * 2 * (2 * 2 * 2) * (4 + 4 * 6 + 4 * 6 * 6))
  var seen = Set<String>()
  for number in 0..<size {
    let subnet = space.subnet(at: BigUInt(number))
    #expect(space.contains(subnet))
    #expect(try space.number(of: subnet) == BigUInt(number))
    seen.insert(subnet.id)
  }
  #expect(seen.count == size)
}

@Test("Number and subnet are inverse in every preset", arguments: SupernetSpace.presetNames)
func numbersAreInverse(_ name: String) throws {
  let space = try SupernetSpace.preset(name)
  for index in 0..<50 {
    let subnet = space.uniformSubnet(RandomStream(seed: 2, stream: UInt64(index)))
    #expect(space.subnet(at: try space.number(of: subnet)) == subnet)
  }
  #expect(space.subnet(at: space.size - 1).resolution == space.resolutions.last)
}

/// A space small enough to enumerate: shared choices, hybrid slots, value ratios.
let tinySpace = SupernetSpace(
  name: "tiny", resolutions: [8, 12], inputChannels: 1, classes: 3,
  stem: Stem(widths: [4, 8]),
  stages: [
    Stage(
      widths: [8, 12], depths: [1, 3], stride: 2, slots: [[.mbconv]],
      mbconv: MBConvOptions(kernels: [3, 5], expands: [1], scope: .stage)),
    Stage(
      widths: [16], depths: [1, 2, 3], stride: 2, slots: [[.mbconv], [.mbconv, .vit]],
      mbconv: MBConvOptions(kernels: [3, 5], expands: [1, 2.5]),
      vit: VitOptions(headDim: 8, mlp: [1], value: [1, 2], switchableScaling: true)),
  ])
