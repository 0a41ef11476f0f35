import Kirchhoff
import Testing

/// What phases do to weights: sorted channels, inserted transformer blocks.
@Suite struct WeightTests {
  @Test("Sorted channels leave the largest network as it is", arguments: TinySpaces.all)
  func sorting(_ space: SupernetSpace) throws {
    let supernet = Supernet.random(space)
    let images = gaussianImages(4, side: space.resolutions.last!)
    let before = try supernet.trainingLogits(images, space.largest)
    let weights = supernet.store.snapshot()
    supernet.sortChannels()
    #expect(supernet.store.snapshot() != weights, "nothing was sorted")
    let after = try supernet.trainingLogits(images, space.largest)
    // Only the order of sums has changed: some tens of roundings of 6e-8.
    #expect(relativeDifference(after, before) < 1e-5)
    for entry in supernet.store.entries where entry.name.hasSuffix("mbconv.project.weight") {
      guard supernet.store.entry(named: entry.name.replacing("project", with: "expand")) != nil
      else { continue }
      let norms = columnNorms(supernet.store.value(entry.parameter))
      for (a, b) in zip(norms, norms.dropFirst()) { #expect(a >= b - 1e-5) }
    }
    let sorted = supernet.store.snapshot()
    supernet.sortChannels()
    #expect(supernet.store.snapshot() == sorted, "sorting twice is sorting once")
  }

  private func columnNorms(_ matrix: Tensor) -> [Float] {
    (0..<matrix.shape[1]).map { column in
      (0..<matrix.shape[0]).reduce(0) { $0 + abs(matrix[$1, column]) }
    }
  }

  /// The subnet with identities in the slots of its transformer blocks.
  private func withoutTransformers(_ subnet: Subnet) -> Subnet {
    var subnet = subnet
    for stage in subnet.stages.indices {
      for slot in subnet.stages[stage].blocks.indices
      where subnet.stages[stage].blocks[slot].kind == .vit {
        subnet.stages[stage].blocks[slot] = .identity
      }
    }
    return subnet
  }

  @Test(
    "Transformer blocks inserted at scale 0 change no bit, at 1e-4 little",
    arguments: TinySpaces.all, [true, false])
  func insertion(_ space: SupernetSpace, byWeights: Bool) throws {
    let supernet = Supernet.random(space)
    let images = gaussianImages(4, side: space.resolutions.last!)
    let subnet = space.mostTransformers
    let before = try supernet.trainingLogits(images, withoutTransformers(subnet))
    func inserted(_ scale: Float) throws -> Tensor {
      guard byWeights else {
        return try supernet.trainingLogits(images, subnet, vitScale: scale)
      }
      let copy = supernet.copy()
      copy.setTransformerScale(scale)
      return try copy.trainingLogits(images, subnet)
    }
    let whole = try inserted(1)
    #expect(relativeDifference(whole, before) > 1e-2, "the blocks do nothing at full scale")
    #expect(try inserted(0).hasSameBits(as: before))
    let small = try inserted(1e-4)
    #expect(!small.hasSameBits(as: before))
    // A branch is of the size of its input, so the change is of the size of the scale; the bound is
    // the one that the published start of switchable scaling is held to.
    #expect(relativeDifference(small, before) < 1e-2)
  }

  @Test("A copy has weights of its own")
  func copies() throws {
    let supernet = Supernet.random(TinySpaces.hybrid)
    let copy = supernet.copy()
    #expect(copy.store.snapshot() == supernet.store.snapshot())
    copy.setTransformerScale(0)
    #expect(copy.store.snapshot() != supernet.store.snapshot())
  }
}
