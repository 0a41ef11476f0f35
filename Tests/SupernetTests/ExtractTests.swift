import BigInt
import Foundation
import Kirchhoff
import Testing

@Suite("Extraction")
struct ExtractTests {
  @Test(
    "Every member of a tiny space, extracted, is its slice of the supernet",
    arguments: [ExtractSpaces.hybrid, ExtractSpaces.attention])
  func everyMember(space: SupernetSpace) throws {
    let supernet = ExtractSpaces.supernet(space)
    let data = ExtractSpaces.data(space)
    let normalisation = try Normalisation(measuredOn: data.training)
    var calibration = TrainingConfig.Calibration()
    (calibration.batches, calibration.batchSize) = (2, 16)
    let evaluator = try SubnetEvaluator(
      supernet, data: data, normalisation: normalisation, calibration: calibration)
    let loader = try BatchLoader(
      data.test, options: .evaluation(batchSize: 24, normalisation: normalisation))
    let images = try loader.batch(index: 0).images
    var largest: Float = 0
    var spread: Float = 0
    for number in 0..<Int(space.size) {
      let subnet = space.subnet(at: BigUInt(number))
      let plan = try space.plan(for: subnet)
      let norms = try evaluator.statistics(subnet)
      let network = try supernet.extracted(subnet)
      let ownPlan = try network.space.plan(for: subnet)
      let inputs = resized(images, side: plan.resolution)
      let slice = supernet.classify(inputs, plan: plan, norms: norms).floats
      let own = network.classify(
        inputs, plan: ownPlan, norms: supernet.extracted(norms, for: network)
      ).floats
      let difference = zip(slice, own).map { abs($0 - $1) }.max() ?? .infinity
      largest = max(largest, difference)
      spread = max(spread, (slice.max() ?? 0) - (slice.min() ?? 0))
      #expect(difference <= 1e-5, "\(subnet.id): \(difference)")
      #expect(network.store.parameterCount == plan.cost.parameters, "\(subnet.id)")
    }
    // The target of 1e-6 beside the limit of 1e-5, relative to what the logits span.
    #expect(spread > 0.5)
    #expect(largest <= 1e-6 * max(1, spread), "\(largest) of \(spread)")
  }

  @Test("The space of one subnet has one member, at its own size", arguments: [3, 77, 200])
  func singleMember(number: Int) throws {
    let space = ExtractSpaces.hybrid
    let subnet = space.subnet(at: BigUInt(number))
    let only = try space.only(subnet)
    #expect(only.size == 1 && only.genes.isEmpty)
    #expect(only.largest == subnet && only.smallest == subnet)
    #expect(only.largestConvolutional == subnet && only.mostTransformers == subnet)
    #expect(only.subnet(at: 0) == subnet && only.randomSubnet(RandomStream(seed: 1)) == subnet)
    #expect(try only.number(of: subnet) == 0)
    #expect(try only.cost(of: subnet) == space.cost(of: subnet))
    #expect(only.storedParameters == (try space.cost(of: subnet).parameters))
    #expect(only.fingerprint != space.fingerprint)
    let other = space.subnet(at: BigUInt(number + 1))
    #expect(!only.contains(other))
    #expect(throws: KirchhoffError.self) { try only.plan(for: other) }
    #expect(try SupernetSpace(yaml: only.yaml(), file: "only.yaml") == only)
  }

  @Test(
    "A single member that is none is refused with its key",
    arguments: [("r8_s4", "only"), ("r8_s4_c4-k7e1_c8-k3e2", "kernel"), ("r9_s4_c4-k3e1", "only")])
  func wrongMember(id: String, mentions: String) throws {
    let yaml = try ExtractSpaces.hybrid.yaml() + "only: \(id)\n"
    let error = #expect(throws: KirchhoffError.self) {
      try SupernetSpace(yaml: yaml, file: "only.yaml")
    }
    #expect(error?.kind == .config)
    #expect(error?.description.contains(mentions) ?? false, "\(String(describing: error))")
  }
}
