import Kirchhoff
import Testing

/// Networks whose weights are two-state devices.
@Suite("Training with two-state devices")
struct BinaryTrainingTests {
  private static let rules: [WriteRule] = [
    .binaryShadow, .binaryThreshold, .binaryStochastic, .binaryTop,
  ]
  private static let shape = ImageShape(height: 6, width: 6, channels: 1)
  private static let layers: [LayerDescription] = [.linear(12), .relu, .linear(3)]

  private static func settings(
    _ rule: WriteRule, _ change: (inout CrossbarHardware) -> Void = { _ in }
  ) throws -> TrainedArraySettings {
    var hardware = try CrossbarHardware.preset("binary-memristor")
    change(&hardware)
    return TrainedArraySettings(rule: rule, hardware: hardware)
  }

  private static func network(_ settings: TrainedArraySettings) throws -> ArrayNetwork {
    try ArrayNetwork(layers, shape: shape, classes: 3, settings: settings, seed: 7)
  }

  private static var images: Tensor {
    let stream = RandomStream(seed: 3)
    return Tensor((0..<UInt64(8 * 36)).map { stream.uniform(at: $0) }, shape: [8, 6, 6, 1])
  }
  private static let labels: [Int32] = [0, 1, 2, 0, 1, 2, 0, 1]

  private static func gradients(_ network: ArrayNetwork) -> [String: [Float]] {
    let (gradients, tape) = (Gradients(for: network.store), Tape())
    let context = Context(
      store: network.store, norms: NormStatistics(channels: 0), gradients: gradients, tape: tape,
      mode: .training)
    let logits = network.logits(images, step: 0, in: context)
    tape.backward(from: context.crossEntropy(logits, labels: labels))
    return Dictionary(
      uniqueKeysWithValues: network.store.entries.map {
        ($0.name, gradients.gradient($0.parameter).floats)
      })
  }

  @Test("Gradients are those of a digital network with the same weights ±s", arguments: rules)
  func gradients(_ rule: WriteRule) throws {
    let network = try Self.network(Self.settings(rule))
    let digital = try Self.network(Self.settings(.digital))
    for entry in network.store.entries where entry.name.hasSuffix(".weight") {
      let values = network.store.value(entry.parameter)
      let size = (2 / Float(entry.parameter.shape[1])).squareRoot()
      #expect(values.floats.allSatisfy { abs(abs($0) - size) < 1e-6 })
      let same = try #require(digital.store.entry(named: entry.name))
      digital.store.set(same.parameter, to: values)
    }
    let (found, expected) = (Self.gradients(network), Self.gradients(digital))
    for (name, values) in found where name.hasSuffix(".weight") || name.hasSuffix(".bias") {
      let same = try #require(expected[name])
      // A pair's two conductances leave ±1 to single precision.
      for (a, b) in zip(values, same) { #expect(abs(a - b) < 1e-5, "\(name)") }
    }
    for (name, values) in found where name.hasSuffix(".scale") {
      #expect(values.allSatisfy { $0 == 0 })
    }
  }

  @Test("Devices follow the toggles, and stuck ones stay", arguments: rules)
  func stuck(_ rule: WriteRule) throws {
    let free = try Self.network(Self.settings(rule))
    let stuck = try Self.network(Self.settings(rule) { $0.stuck = StuckDevices(off: 0.3, on: 0.3) })
    for network in [free, stuck] {
      let layer = network.layers[0]
      let weight = try #require(network.store.entry(named: "\(layer.name).weight")).parameter
      func read() throws -> [Float] {
        let context = Context(
          store: network.store, norms: NormStatistics(channels: 0), mode: .inference)
        let basis = Tensor.identity(36).reshaped([36, 1, 1, 36])
        let y = context.value(layer(Variable(constant: basis), step: 0, in: context))
        return y.floats
      }
      let before = try read()
      let belief = network.store.value(weight).floats
      let pulses = layer.pulses
      network.store.set(
        weight, to: Tensor(belief.map { -100 * $0 }, shape: weight.shape))
      layer.follow(network.store, step: 1)
      let toggled = layer.writes.reduce(0) { $0 + Int($1) }
      #expect(toggled > 0)
      // Two devices a weight, one trial each.
      #expect(layer.pulses == pulses + 2 * toggled)
      let after = try read()
      let moved = zip(before, after).filter { abs($0 - $1) > 1e-6 }.count
      if network === free {
        #expect(moved == toggled)
      } else {
        #expect(moved < toggled || rule == .binaryTop)
      }
    }
  }

  @Test("A device of more states than two is refused")
  func refused() {
    let error = #expect(throws: KirchhoffError.self) {
      try Self.network(Self.settings(.binaryShadow) { $0.device = "bulk-switching" })
    }
    #expect(error?.description.contains("bulk-switching of 16 levels") ?? false)
  }

  @Test(
    "A learned range of inputs begins at three root mean squares, and moves by what it cuts off")
  func inputRange() throws {
    var settings = TrainedArraySettings(
      rule: .mixedPrecision, hardware: try .preset("bulk-switching-2bit"))
    settings.inputRange = .learned
    let network = try Self.network(settings)
    let range = try #require(network.store.entry(named: "layer1.inputRange")).parameter
    #expect(network.store.value(range).floats == [0])
    _ = Self.gradients(network)
    let square = Self.images.floats.reduce(0) { $0 + $1 * $1 } / Float(Self.images.shape.count)
    #expect(abs(network.store.value(range).floats[0] - 3 * square.squareRoot()) < 1e-4)
    // Inputs above a smaller range are cut off: the loss depends on it, with this gradient.
    network.store.set(range, to: Tensor([0.6], shape: [1]))
    let found = try #require(Self.gradients(network)["layer1.inputRange"]?.first)
    #expect(found != 0)
    let largest = try Self.network(
      TrainedArraySettings(rule: .mixedPrecision, hardware: .preset("bulk-switching-2bit")))
    #expect(largest.store.entry(named: "layer1.inputRange") == nil)
  }
}
