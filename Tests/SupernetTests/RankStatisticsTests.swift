import Kirchhoff
import Testing

@Suite("Figures of a ranking")
struct RankStatisticsTests {
  /// Two lists, and the numerator and squared denominator of their tau.
  struct TauCase: Sendable {
    var a: [Double]
    var b: [Double]
    var difference: Double
    var pairs: Double
  }

  static let tauCases = [
    // No ties: 5 concordant and 1 discordant of 6 pairs.
    TauCase(a: [1, 2, 3, 4], b: [1, 3, 2, 4], difference: 4, pairs: 36),
    TauCase(a: [1, 2, 3], b: [1, 2, 3], difference: 3, pairs: 9),
    TauCase(a: [1, 2, 3], b: [3, 2, 1], difference: -3, pairs: 9),
    // One tie in a: 4 concordant, 1 discordant; 5 · 6 pairs.
    TauCase(a: [1, 1, 2, 3], b: [1, 2, 4, 3], difference: 3, pairs: 30),
    // A pair tied in both and one in b: 4 concordant; 5 · 4 pairs.
    TauCase(a: [1, 1, 2, 3], b: [1, 1, 2, 2], difference: 4, pairs: 20),
    // Ties in different places: 1 concordant, 1 discordant; 4 · 4 pairs.
    TauCase(a: [1, 1, 2, 2], b: [1, 2, 1, 2], difference: 0, pairs: 16),
  ]

  @Test("Kendall's tau-b, by hand", arguments: tauCases)
  func tau(example: TauCase) throws {
    let tau = try #require(kendallTau(example.a, example.b))
    // Three roundings of a number of at most one.
    #expect(abs(tau - example.difference / example.pairs.squareRoot()) < 1e-15)
    #expect(kendallTau(example.b, example.a) == tau)
  }

  @Test("A constant list ranks nothing")
  func constant() {
    #expect(kendallTau([1, 1, 1], [1, 2, 3]) == nil)
    #expect(kendallTau([1, 2, 3], [2, 2, 2]) == nil)
    #expect(kendallTau([], []) == nil)
  }

  @Test("Quantiles are linear between neighbours")
  func quantiles() {
    #expect(Estimate.quantile([1, 2, 3, 4, 5], 0.5) == 3)
    #expect(Estimate.quantile([0, 10], 0.25) == 2.5)
    #expect(Estimate.quantile([7], 0.975) == 7)
  }

  @Test("The bootstrap of a mean has the width of theory, and is a function of its stream")
  func bootstrap() throws {
    let stream = RandomStream(seed: 5)
    let values = (0..<200).map { Double(stream.gaussian(at: UInt64($0))) }
    func mean(_ indices: [Int]) -> Double? {
      indices.reduce(0) { $0 + values[$1] } / Double(indices.count)
    }
    let draws = RandomStream(seed: 6)
    let estimate = try #require(Estimate.bootstrap(count: 200, stream: draws, mean))
    #expect(estimate.value == mean(Array(0..<200)))
    #expect(estimate.low < estimate.value && estimate.value < estimate.high)
    // 2 · 1.96 / √200 = 0.277 for unit variance; a sample's deviation is within 15 % of it.
    #expect(abs(estimate.high - estimate.low - 0.277) < 0.06)
    #expect(Estimate.bootstrap(count: 200, stream: draws, mean) == estimate)
    #expect(Estimate.bootstrap(count: 200, stream: RandomStream(seed: 7), mean) != estimate)
    #expect(Estimate.bootstrap(count: 0, stream: draws, mean) == nil)
  }

  @Test("Only a supernet above its baselines is praised")
  func verdicts() {
    func verdict(_ value: Double, _ low: Double) -> RankVerdict {
      RankResult.verdict(Estimate(value: value, low: low, high: 0.5))
    }
    #expect(verdict(0.2, 0.1) == .better)
    #expect(verdict(0.2, -0.1) == .unproven)
    #expect(verdict(0, -0.1) == .useless)
    #expect(verdict(-0.1, -0.3) == .useless)
    #expect(RankResult.verdict(nil) == .useless)
  }

  @Test("Strata reach from the smallest to the largest subnet", arguments: ["mini", "compact"])
  func strata(name: String) throws {
    let space = try SupernetSpace.preset(name)
    let subnets = try space.stratifiedSubnets(24, seed: 3)
    #expect(Set(subnets).count == 24)
    #expect(subnets.first == space.smallest)
    #expect(try space.cost(of: subnets[23]).macs == space.cost(of: space.largest).macs)
    #expect(try space.stratifiedSubnets(24, seed: 3) == subnets)
    #expect(try space.stratifiedSubnets(24, seed: 4) != subnets)
    let macs = try subnets.map { try space.cost(of: $0).macs }
    #expect(macs == macs.sorted())
  }

  @Test("A tiny space gives all it has, and no more")
  func tinyStrata() throws {
    let space = ExtractSpaces.attention
    let count = Int(space.size)
    #expect(Set(try space.stratifiedSubnets(count, seed: 1)).count == count)
    #expect(throws: KirchhoffError.self) { try space.stratifiedSubnets(count + 1, seed: 1) }
  }
}
