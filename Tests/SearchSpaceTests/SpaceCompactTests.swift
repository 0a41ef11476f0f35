import SearchSpace
import Testing

/// Counts of the compact space made by an independent PyTorch program: parameters are the numbers of
/// elements of its tensors.
struct CompactGolden: CustomTestStringConvertible, Sendable {
  var name: String
  var id: String
  var mnist: NetworkCost
  var cifar: NetworkCost

  var testDescription: String { name }

  init(_ name: String, _ id: String, _ mnist: (Int, Int), _ cifar: (Int, Int)) {
    self.name = name
    self.id = id
    self.mnist = NetworkCost(parameters: mnist.0, macs: mnist.1)
    self.cifar = NetworkCost(parameters: cifar.0, macs: cifar.1)
  }

  static let all = [
    CompactGolden(
      "max", "s16_c24-k5e6x2_c40-k5e6x3_c64-k5e6x3_c128-h4m3x2_c192-h6m3x2",
      (1_541_466, 58_596_720), (1_541_754, 72_565_632)),
    CompactGolden(
      "min", "s16_c16-k3e3_c24-k3e3_c48-k3e3_c64-h2m1_c128-h4m1",
      (214_514, 6_432_392), (214_802, 7_956_224)),
    CompactGolden(
      "random0", "s16_c16-k5e4-k5e5_c24-k5e5-k5e4-k5e5_c48-k3e6-k3e4-k5e3_c128-h3m2-h2m3_c160-h5m2",
      (730_434, 28_775_744), (730_722, 36_255_296)),
    CompactGolden(
      "random1", "s16_c16-k5e6-k5e5_c24-k5e4-k3e3x2_c64-k5e6-k3e5_c64-h3m2_c128-h5m2",
      (356_826, 15_150_864), (357_114, 19_159_296)),
    CompactGolden(
      "random2", "s16_c24-k5e5_c40-k5e4-k3e5_c64-k3e3_c64-h2m2_c160-h4m1",
      (314_106, 14_203_480), (314_394, 17_845_312)),
    CompactGolden(
      "random3", "s16_c24-k3e6_c32-k5e6-k5e4-k3e5_c56-k3e5-k3e6_c64-h3m1_c160-h5m3",
      (489_674, 20_147_888), (489_962, 25_064_000)),
    CompactGolden(
      "random4", "s16_c24-k3e3_c24-k3e4_c64-k3e4-k3e6-k3e4_c64-h4m1_c192-h4m3",
      (589_642, 16_960_416), (589_930, 20_565_888)),
    CompactGolden(
      "random5", "s16_c24-k3e3_c24-k3e3-k3e4_c48-k3e6x2-k5e5_c128-h3m3-h2m2_c160-h6m3-h4m1",
      (941_250, 29_666_432), (941_538, 36_390_464)),
    CompactGolden(
      "random6", "s16_c24-k5e4_c32-k5e3_c56-k3e4_c128-h2m1-h4m2_c192-h4m2-h5m1",
      (900_066, 25_557_152), (900_354, 30_748_544)),
    CompactGolden(
      "random7", "s16_c24-k3e4-k3e6_c24-k3e3_c56-k5e6-k3e5_c96-h3m3-h3m1_c128-h4m2",
      (467_594, 18_996_040), (467_882, 24_270_592)),
  ]
}

@Test("Parameters and MACs of the compact space", arguments: CompactGolden.all)
func compactCounts(_ golden: CompactGolden) throws {
  let mnist = SupernetSpace.compact
  #expect(try mnist.cost(of: Subnet(id: "r28_" + golden.id)) == golden.mnist)
  let cifar = try mnist.adapted(resolutions: [32], inputChannels: 3, classes: 10)
  #expect(try cifar.cost(of: Subnet(id: "r32_" + golden.id)) == golden.cifar)
}

@Test("The extremes of the compact space and what its supernet stores")
func compactExtremes() throws {
  let space = SupernetSpace.compact
  #expect(space.largest.id == "r28_" + CompactGolden.all[0].id)
  #expect(space.smallest.id == "r28_" + CompactGolden.all[1].id)
  #expect(space.storedParameters == 1_541_466)
  let cifar = try space.adapted(resolutions: [32], inputChannels: 3, classes: 10)
  #expect(cifar.storedParameters == 1_541_754)
}
