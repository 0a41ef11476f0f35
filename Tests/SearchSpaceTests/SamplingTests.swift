import Foundation
import Runtime
import SearchSpace
import Testing

/// Upper bound of χ² with `freedom` degrees of freedom at a false-alarm rate of 1e-6 (Wilson and
/// Hilferty's cube approximation, z = 4.753).
private func chiSquareBound(_ freedom: Int) -> Double {
  let k = Double(freedom)
  return k * pow(1 - 2 / (9 * k) + 4.753 * (2 / (9 * k)).squareRoot(), 3)
}

private func chiSquare(_ counts: [Int]) -> Double {
  let mean = Double(counts.reduce(0, +)) / Double(counts.count)
  return counts.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) / mean }
}

@Test("Factor-wise draws are uniform in every choice", arguments: SupernetSpace.presetNames)
func factorWise(_ name: String) throws {
  // 1e-6 a gene and at most 130 genes: a false alarm in under 1 of 7,000 seeds; the seed is fixed.
  let space = try SupernetSpace.preset(name)
  let genes = space.genes
  var counts = genes.map { [Int](repeating: 0, count: $0.options) }
  for draw in 0..<2000 {
    let subnet = space.randomSubnet(RandomStream(seed: 9, stream: UInt64(draw)))
    for (gene, option) in space.genome(of: subnet).enumerated() {
      if let option { counts[gene][option] += 1 }
    }
  }
  for (gene, counts) in zip(genes, counts) {
    let bound = chiSquareBound(gene.options - 1)
    #expect(chiSquare(counts) < bound, "\(gene.name): \(counts)")
  }
}

@Test("Uniform draws are uniform over the subnets of a tiny space")
func uniformOverSubnets() throws {
  var space = tinySpace
  space.resolutions = [8]
  space.stages[1].depths = [1, 2]
  let size = Int(space.size)
  var counts = [Int](repeating: 0, count: size)
  for draw in 0..<10 * size {
    let subnet = space.uniformSubnet(RandomStream(seed: 10, stream: UInt64(draw)))
    counts[Int(try space.number(of: subnet))] += 1
  }
  // One test at a false-alarm rate of 1e-6, with a fixed seed.
  #expect(chiSquare(counts) < chiSquareBound(size - 1))
}

private let choices: [SamplerChoice] = [
  .largest, .uniform(count: 3), .sandwich(random: 2),
  .attentive(AttentiveOptions(samples: 500)),
  .banks(BankOptions(networks: 3, memory: 4, samples: 500)),
]

@Test("A draw depends on seed and step alone", arguments: choices.indices)
func drawsAreFunctions(_ index: Int) throws {
  let choice = choices[index]
  var forward = SubnetSampler(choice, space: .mini, seed: 11)
  let draws = (0..<20).map { forward.draws(step: $0) }
  var late = SubnetSampler(choice, space: .mini, seed: 11)
  #expect(late.draws(step: 19) == draws[19])
  #expect(late.draws(step: 7) == draws[7])
  var other = SubnetSampler(choice, space: .mini, seed: 12)
  if choice != .largest { #expect((0..<20).map { other.draws(step: $0) } != draws) }
  for draw in draws.joined() {
    for subnet in draw.candidates { #expect(SupernetSpace.mini.contains(subnet)) }
  }
}

@Test("A sampler continues from its state", arguments: choices.indices)
func samplersContinue(_ index: Int) throws {
  var sampler = SubnetSampler(
    choices[index], space: .mini, restriction: Restriction(vit: .identity), seed: 13)
  for step in 0..<30 {
    for (k, draw) in sampler.draws(step: step).enumerated() {
      sampler.record(draw.subnet, loss: Float(step % 7) + Float(k) / 10)
    }
  }
  let state = try JSONEncoder().encode(sampler)
  var resumed = try JSONDecoder().decode(SubnetSampler.self, from: state)
  for step in 30..<60 { #expect(resumed.draws(step: step) == sampler.draws(step: step)) }
}

@Test("The sandwich rule trains the largest, random ones and the smallest")
func sandwich() {
  var sampler = SubnetSampler(.sandwich(random: 2), space: .compact, seed: 14)
  let draws = sampler.draws(step: 3)
  #expect(draws.map(\.role) == [.largest, .random, .random, .smallest])
  #expect(draws[0].subnet == SupernetSpace.compact.largest)
  #expect(draws[3].subnet == SupernetSpace.compact.smallest)
  #expect(draws[1] != draws[2])
  var cnn = SubnetSampler(
    .sandwich(random: 2), space: .mini, restriction: Restriction(vit: .otherKinds), seed: 14)
  #expect(cnn.draws(step: 0)[0].subnet == SupernetSpace.mini.largestConvolutional)
}

@Test("The chosen candidate follows the losses")
func picks() throws {
  let space = SupernetSpace.mini
  let candidates = (0..<3).map { space.randomSubnet(RandomStream(seed: 15, stream: $0)) }
  func chosen(_ pick: Pick, _ losses: [Float]) -> Int? {
    let draw = SubnetDraw(role: .random, candidates: candidates, pick: pick)
    return candidates.firstIndex(of: draw.chosen(losses: losses))
  }
  #expect(chosen(.best, [2, 1, 3]) == 1)
  #expect(chosen(.worst, [2, 1, 3]) == 2)
  #expect(chosen(.best, [1, 1, 1]) == 0)
  #expect(chosen(.worst, [1, 1, 1]) == 0)
  #expect(chosen(.best, [.nan, 2, .infinity]) == 1)
  #expect(chosen(.worst, [.nan, 2, .infinity]) == 1)
  #expect(chosen(.worst, [.nan, .nan, .nan]) == 0)
}

@Test("Attentive candidates come from one range of MACs")
func attentiveRanges() throws {
  let space = SupernetSpace.compact
  var sampler = SubnetSampler(
    .attentive(AttentiveOptions(random: 2, samples: 2000)), space: space, seed: 16)
  let distribution = try #require(sampler.distribution)
  #expect(distribution.counts.reduce(0, +) == 2000)
  var inside = 0
  var spread = Set<Int>()
  for step in 0..<50 {
    let draws = sampler.draws(step: step)
    #expect(draws.map(\.candidates.count) == [1, 3, 3, 1])
    for draw in draws where draw.role == .random {
      let bins = try draw.candidates.map { try space.cost(of: $0).macs / distribution.binMACs }
      if Set(bins).count == 1 { inside += 1 }
      spread.formUnion(bins)
    }
  }
  // Only a draw of 101 rejections in a row may leave its range: rare bins at the ends.
  #expect(inside >= 95)
  #expect(spread.count > 10)
}

@Test("Attentive draws follow P(bin)")
func attentiveBins() throws {
  let space = SupernetSpace.mini
  let distribution = CostDistribution(
    of: space, in: space, samples: 2000, stream: RandomStream(seed: 17))
  var counts = [Int](repeating: 0, count: distribution.bins.count)
  let draws = 4000
  for draw in 0..<draws {
    counts[distribution.bin(RandomStream(seed: 18, stream: UInt64(draw)))] += 1
  }
  // One χ² test against the counts themselves at a false-alarm rate of 1e-6, over bins that expect
  // at least five.
  var sum = 0.0
  var freedom = -1
  for (count, weight) in zip(counts, distribution.counts) {
    let expected = Double(weight) / 2000 * Double(draws)
    guard expected >= 5 else { continue }
    sum += (Double(count) - expected) * (Double(count) - expected) / expected
    freedom += 1
  }
  #expect(freedom > 5)
  #expect(sum < chiSquareBound(freedom))
}

@Test("A bank's networks stay near its MACs, and the walk moves by one bank at most")
func bankDraws() throws {
  let space = SupernetSpace.compact
  let options = BankOptions(networks: 3, memory: 10, samples: 2000)
  var sampler = SubnetSampler(.banks(options), space: space, seed: 19)
  let tolerance = Banks.tolerance(options, space, space)
  var last: Int?
  var visited = Set<Int>()
  var inside = 0
  var all = 0
  for step in 0..<200 {
    let draws = sampler.draws(step: step)
    let banks = try #require(sampler.banks)
    if let last { #expect(abs(banks.current - last) <= 1) }
    last = banks.current
    visited.insert(banks.current)
    let bank = banks.banks[banks.current]
    #expect(draws.map(\.role) == [.random, .random, .smallest])
    #expect(draws[2].subnet == bank.smallest)
    for draw in draws where draw.role == .random {
      let macs = try space.cost(of: draw.subnet).macs
      all += 1
      if macs >= bank.limit, macs <= bank.limit + tolerance { inside += 1 }
      sampler.record(draw.subnet, loss: 1)
    }
  }
  // Outer banks hold few subnets, so that not every draw can fit.
  #expect(Double(inside) >= 0.8 * Double(all), "\(inside) of \(all)")
  #expect(visited.count >= 6)
  let banks = try #require(sampler.banks)
  #expect(banks.banks.allSatisfy { $0.memory.count <= 10 })
}
