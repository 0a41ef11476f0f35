import Kirchhoff
import Testing

/// Supernets that are trained with quantised weights and inputs, on arrays that round alike.
@Suite("Quantisation-aware supernets")
struct QuantisedSupernetTests {
  private static let space = SupernetSpace.mini
  private static let bits = 5

  private static var images: Tensor {
    let stream = RandomStream(seed: 1)
    return Tensor(
      (0..<UInt64(4 * 784)).map { stream.gaussian(at: $0) }, shape: [4, 28, 28, 1])
  }

  /// A supernet whose ranges one training pass of the largest subnets has set.
  private static func supernet(bits: Int?) throws -> Supernet {
    let supernet = Supernet(space: space, inputBits: bits, seed: 3)
    for subnet in [space.largest, space.mostTransformers, space.largestConvolutional] {
      let context = Context(
        store: supernet.store, norms: supernet.makeNormStatistics(), mode: .training)
      _ = supernet.logits(
        Variable(constant: images), plan: try space.plan(for: subnet), in: context)
    }
    return supernet
  }

  private static func classifier(_ supernet: Supernet, _ subnet: Subnet) throws -> SubnetClassifier
  {
    try SubnetClassifier(
      subnet, of: supernet, norms: supernet.makeNormStatistics(),
      normalisation: .identity(channels: 1))
  }

  private static func hardware() -> CrossbarHardware {
    var hardware = CrossbarHardware()
    hardware.periphery.dac = Converter(bits: bits, bound: 1)
    hardware.periphery.inputRange = .learned
    return hardware
  }

  @Test(
    "On arrays with the converters of its training, a subnet computes what it was trained to",
    arguments: [space.largest, space.mostTransformers, space.largestConvolutional])
  func sameCodes(_ subnet: Subnet) throws {
    let network = try Self.classifier(Self.supernet(bits: Self.bits), subnet)
    let expected = network.classify(Self.images, products: nil, firstImage: 0).floats
    let plain = try Self.classifier(Self.supernet(bits: nil), subnet)
    #expect(plain.classify(Self.images, products: nil, firstImage: 0).floats != expected)
    let found = try analog(network, on: Self.hardware()).classify(Self.images).floats
    let scale = expected.map { abs($0) }.max() ?? 0
    #expect(scale > 0)
    // A sum in another order can cross a rounding of a layer further on: a code of 15 in few places.
    let errors = zip(found, expected).map { abs($0 - $1) }
    #expect(errors.sorted()[errors.count / 2] < 0.02 * scale, "\(errors) of \(scale)")
  }

  @Test("Converters that want a learned range refuse a network without")
  func refused() throws {
    let network = try Self.classifier(Self.supernet(bits: nil), Self.space.smallest)
    let error = #expect(throws: KirchhoffError.self) {
      try analog(network, on: Self.hardware()).classify(Self.images)
    }
    #expect(error?.place == "periphery.inputRange" && error?.found == "learned")
  }

  @Test("An extracted subnet keeps the ranges of its layers")
  func extracted() throws {
    let supernet = try Self.supernet(bits: Self.bits)
    for subnet in [Self.space.mostTransformers, Self.space.smallest] {
      let network = try supernet.extracted(subnet)
      let ranges = network.inputRanges
      #expect(!ranges.isEmpty && ranges.values.allSatisfy { $0 > 0 })
      let plan = try network.space.plan(for: subnet)
      let own = network.classify(
        Self.images, plan: plan,
        norms: supernet.extracted(supernet.makeNormStatistics(), for: network))
      let slice = try Self.classifier(supernet, subnet).classify(
        Self.images, products: nil, firstImage: 0)
      // Values that are apart by a rounding may take codes next to each other.
      let errors = zip(own.floats, slice.floats).map { abs($0 - $1) }
      #expect(errors.sorted()[errors.count / 2] < 1e-3)
    }
  }
}
