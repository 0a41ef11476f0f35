import Foundation
import Kirchhoff
import Testing

/// Which layers run on which arrays.
@Suite("Plans of arrays")
struct ArrayPlanTests {
  private static let space = SupernetSpace.mini
  private static let count = 6
  private let supernet = Supernet(space: space, seed: 3)

  private var images: Tensor {
    let stream = RandomStream(seed: 1)
    return Tensor(
      (0..<UInt64(Self.count * 784)).map { stream.gaussian(at: $0) },
      shape: [Self.count, 28, 28, 1])
  }

  private func classifier(_ subnet: Subnet) throws -> SubnetClassifier {
    try SubnetClassifier(
      subnet, of: supernet, norms: supernet.makeNormStatistics(),
      normalisation: .identity(channels: 1))
  }

  private func digital(_ subnet: Subnet) throws -> [Float] {
    try classifier(subnet).classify(images, products: nil, firstImage: 0).floats
  }

  @Test("Attention and depthwise convolutions on ideal arrays are what the kernels compute")
  func everythingOnArrays() throws {
    let subnet = Self.space.mostTransformers
    var plan = ArrayPlan(CrossbarHardware())
    plan.attention = .arrays
    plan.depthwise = .arrays
    let products = try analog(classifier(subnet), on: plan).chip(0)
    let found = try classifier(subnet).classify(images, products: products, firstImage: 0).floats
    let expected = try digital(subnet)
    let scale = expected.map { abs($0) }.max() ?? 1
    // Sums of a few hundred products in another order, through a dozen layers.
    for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-4 * scale) }
    let layers = try products.layers()
    let names = layers.map(\.layer)
    #expect(names.contains { $0.contains("Q·Kᵀ") } && names.contains { $0.contains("A·V") })
    #expect(names.contains { $0.contains("depthwise") })
    // Keys are written for every image and head, weights once.
    let keys = try #require(layers.first { $0.layer.contains("Q·Kᵀ") })
    #expect(keys.writes > 0 && keys.writes.isMultiple(of: keys.devices * Self.count))
    let weight = try #require(layers.first { !$0.layer.contains("Q·Kᵀ") })
    #expect(weight.writes == weight.devices)
  }

  @Test("Noise on written keys is a chip's and an image's own, whatever the threads and groups")
  func attentionIsReproducible() throws {
    let before = Threads.count
    defer { Threads.count = before }
    let subnet = Self.space.mostTransformers
    var plan = ArrayPlan(try CrossbarHardware.preset("pcm"))
    plan.attention = .arrays
    let network = try classifier(subnet)
    var results: [[Float]] = []
    for threads in [1, 2, 3] {
      Threads.count = threads
      let products = AnalogProducts(plan, seed: 1, chip: 0)
      results.append(network.classify(images, products: products, firstImage: 0).floats)
      results.append(
        [0..<2, 2..<Self.count].flatMap {
          network.classify(images.prefix($0), products: products, firstImage: $0.lowerBound)
            .floats
        })
    }
    #expect(results.allSatisfy { $0 == results[0] })
  }

  @Test("Rules choose by name: digital layers, other hardware, other sizes")
  func rules() throws {
    let plan = try ArrayPlan(
      yaml: """
        hardware: ideal
        layers:
          - {layer: "stem*", on: digital}
          - {layer: "*.expand.weight", rows: 32, columns: 16}
          - {layer: "*project*", on: {device: pcm}}
        """, file: "plan.yaml")
    let products = AnalogProducts(plan, seed: 1, chip: 0)
    _ = try classifier(Self.space.largest).classify(images, products: products, firstImage: 0)
    let layers = try products.layers()
    #expect(!layers.contains { $0.layer.hasPrefix("stem") })
    for layer in layers where layer.layer.hasSuffix(".expand.weight") {
      #expect(layer.arrays == (layer.inputs + 31) / 32 * ((layer.outputs + 7) / 8))
    }
    #expect(layers.contains { $0.layer.hasSuffix(".expand.weight") && $0.arrays > 1 })
    #expect(try ArrayPlan(yaml: plan.yaml(), file: "again.yaml") == plan)
    // Without the second and the third rule the rest is ideal.
    let plain = ArrayPlan(CrossbarHardware())
    #expect(try ArrayPlan(yaml: "{device: ideal}", file: "hardware.yaml") == plain)
  }

  @Test("All layers digital is the digital network, bit for bit")
  func digitalPlan() throws {
    let plan = try ArrayPlan(
      yaml: "{hardware: pcm, layers: [{layer: \"*\", on: digital}]}", file: "plan.yaml")
    let found = try analog(classifier(Self.space.largest), on: plan).classify(images).floats
    #expect(try found == digital(Self.space.largest))
  }

  @Test(
    "Patterns stand for whole names",
    arguments: [
      ("*", "a.b", true), ("a*", "a.b", true), ("*b", "a.b", true), ("a", "a.b", false),
      ("*x*", "a.b", false), ("a*a", "a", false), ("s*.e*t", "stem.expand.weight", true),
    ])
  func patterns(_ pattern: String, _ name: String, _ fits: Bool) throws {
    let plan = try ArrayPlan(
      yaml: "{hardware: ideal, layers: [{layer: \"\(pattern)\", on: digital}]}", file: "plan.yaml")
    let products = AnalogProducts(plan, seed: 1, chip: 0)
    let one = Tensor([1], shape: [1, 1])
    let product = products.product(one, weight: one, taps: 1, layer: name, firstVector: 0)
    #expect((product == nil) == fits)
  }

  @Test(
    "Wrong plans are refused with their place",
    arguments: [
      ("{hardware: pmc}", "pcm"), ("{hardware: pcm, layer: []}", "layers"),
      ("{hardware: pcm, layers: [{layer: a}]}", "layers[0]"),
      ("{hardware: pcm, layers: [{layer: a, on: digitl}]}", "digitl"),
      ("{hardware: pcm, layers: [{layer: a, rows: 0}]}", "layers[0].rows"),
      ("{hardware: pcm, attention: npu}", "digital, arrays"),
      (
        "{hardware: {periphery: {inputRange: {percentile: 99}}}, attention: arrays}", "attention"
      ),
    ])
  func refused(_ text: String, _ mentions: String) {
    let error = #expect(throws: KirchhoffError.self) {
      try ArrayPlan(yaml: text, file: "plan.yaml")
    }
    let description = error?.description ?? ""
    #expect(description.contains(mentions), "\(description)")
  }

  @Test("Ranges from calibration keep a network that a converter without them cuts off")
  func calibrated() throws {
    let images = ImageDataset(
      name: "noise", split: "training", shape: ImageShape(height: 28, width: 28, channels: 1),
      classNames: (0..<10).map { "\($0)" },
      images: (0..<40 * 784).map { UInt8(truncatingIfNeeded: ($0 * 7919) >> 3) },
      labels: (0..<40).map { Int32($0 % 10) })
    let network = try classifier(Self.space.largest)
    let expected = network.classify(self.images, products: nil, firstImage: 0)
    func error(_ hardware: CrossbarHardware) throws -> Double {
      let found = try analog(network, on: hardware, calibration: images).classify(self.images)
      let square = zip(found.floats, expected.floats).reduce(0.0) {
        $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1))
      }
      let size = expected.floats.reduce(0.0) { $0 + Double($1 * $1) }
      return (square / size).squareRoot()
    }
    var hardware = CrossbarHardware()
    hardware.periphery.dac.bits = 8
    hardware.periphery.adc = Converter(bits: 8, bound: 1)
    let given = try error(hardware)
    hardware.periphery.outputRange = .percentile(99.9)
    let calibrated = try error(hardware)
    #expect(calibrated < given / 3)
    #expect(throws: KirchhoffError.self) {
      try analog(network, on: hardware).classify(self.images)
    }
  }

  @Test("A log of chips keeps whole lines, and a score for each key")
  func log() throws {
    let path = FileManager.default.temporaryDirectory.path + "/chips-\(UUID().uuidString).jsonl"
    defer { try? FileManager.default.removeItem(atPath: path) }
    func key(_ chip: Int, _ device: DeviceChoice = "pcm") -> ChipLog.Key {
      ChipLog.Key(
        plan: ArrayPlan(CrossbarHardware(device: device)), subnet: "a", step: 3, images: "all",
        seed: 1, chip: chip)
    }
    let score = ChipScore(
      score: SubnetScore(accuracy: 0.9, loss: 0.1, images: 10), layers: [])
    var log = try ChipLog(path: path, resume: true)
    try log.add(score, key(0))
    try log.add(score, key(1))
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    try (whole + Data("{\"key\": ".utf8)).write(to: URL(fileURLWithPath: path))
    log = try ChipLog(path: path, resume: true)
    #expect(log.score(key(0)) == score && log.score(key(1)) == score)
    #expect(log.score(key(2)) == nil && log.score(key(0, "hermes")) == nil)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole)
    #expect(try ChipLog(path: path, resume: false).score(key(0)) == nil)
  }
}
