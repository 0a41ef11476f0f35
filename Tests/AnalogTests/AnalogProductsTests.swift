import Kirchhoff
import Testing

@Suite("Networks on arrays")
struct AnalogProductsTests {
  /// It has every kind of layer that runs on arrays: stem, entry, pointwise, projections, head.
  private static let space = SupernetSpace.mini

  private let supernet = Supernet(space: space, seed: 3)
  private var images: Tensor {
    let stream = RandomStream(seed: 1)
    return Tensor(
      (0..<UInt64(Self.count * 784)).map { stream.gaussian(at: $0) },
      shape: [Self.count, 28, 28, 1])
  }

  private static let count = 20

  private func logits(
    _ subnet: Subnet, _ products: (any MatrixProducts)?, _ range: Range<Int> = 0..<count
  ) throws -> [Float] {
    let plan = try supernet.space.plan(for: subnet)
    let norms = supernet.makeNormStatistics()
    return supernet.classify(
      images.prefix(range), plan: plan, norms: norms, products: products,
      firstImage: range.lowerBound
    ).floats
  }

  private static let subnets = [space.largest, space.smallest, space.mostTransformers]

  @Test("On ideal arrays a network computes what the kernels do", arguments: subnets)
  func ideal(_ subnet: Subnet) throws {
    let digital = try logits(subnet, nil)
    let products = AnalogProducts(.init(), seed: 1, chip: 0)
    let analog = try logits(subnet, products)
    let scale = digital.map { abs($0) }.max() ?? 1
    // Sums of a few hundred products in another order, through a dozen layers.
    for (a, b) in zip(analog, digital) { #expect(abs(a - b) < 1e-4 * scale) }
    let layers = try products.layers()
    #expect(layers.count > 5 && layers.allSatisfy { $0.saturatedShare == 0 })
    #expect(!layers.contains { $0.layer.contains("depthwise") })
  }

  @Test("The bits depend neither on threads nor on how images are grouped")
  func reproducible() throws {
    let before = Threads.count
    defer { Threads.count = before }
    let hardware = try CrossbarHardware.preset("pcm")
    var results: [[Float]] = []
    for threads in [1, 2, 3] {
      Threads.count = threads
      results.append(
        try logits(Self.space.largest, AnalogProducts(hardware, seed: 1, chip: 0)))
      let products = AnalogProducts(hardware, seed: 1, chip: 0)
      results.append(
        try logits(Self.space.largest, products, 0..<7)
          + logits(Self.space.largest, products, 7..<Self.count))
    }
    for result in results { #expect(result == results[0]) }
    let other = try logits(Self.space.largest, AnalogProducts(hardware, seed: 1, chip: 1))
    #expect(other != results[0])
  }

  @Test("A weight that is no number is named with its layer")
  func refused() throws {
    let entry = try #require(supernet.store.entries.first { $0.name.contains("expand.weight") })
    var value = supernet.store.value(entry.parameter)
    value.withMutableFloats { $0[0] = .nan }
    supernet.store.set(entry.parameter, to: value)
    let products = AnalogProducts(.init(), seed: 1, chip: 0)
    _ = try logits(Self.space.largest, products)
    let error = #expect(throws: KirchhoffError.self) { try products.layers() }
    #expect(error?.description.contains(entry.name) ?? false)
  }
}
