import Kirchhoff
import Testing

@Suite("Networks on arrays")
struct AnalogProductsTests {
  /// Every kind of layer that runs on arrays: stem, entry, pointwise, projections of attention, head.
  private static let space = SupernetSpace(
    name: "tiny", resolutions: [8], inputChannels: 1, classes: 4,
    stem: Stem(widths: [4, 8]),
    stages: [
      Stage(
        widths: [8, 12], depths: [1, 2], stride: 2, slots: [[.mbconv]],
        mbconv: MBConvOptions(kernels: [3, 5], expands: [2, 3], squeezeExcite: true)),
      Stage(
        widths: [16, 24], depths: [1, 2], slots: [[.mbconv], [.mbconv, .vit]],
        mbconv: MBConvOptions(kernels: [3, 5], expands: [1, 2]),
        vit: VitOptions(headDim: 8, mlp: [1, 2], relativePosition: true)),
    ])

  private let supernet = Supernet(space: space, seed: 3)
  private var images: Tensor {
    let stream = RandomStream(seed: 1)
    return Tensor((0..<UInt64(40 * 64)).map { stream.gaussian(at: $0) }, shape: [40, 8, 8, 1])
  }

  private func logits(
    _ subnet: Subnet, _ products: (any MatrixProducts)?, _ range: Range<Int> = 0..<40
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
          + logits(Self.space.largest, products, 7..<40))
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
