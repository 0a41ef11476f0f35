import Kirchhoff
import Testing

/// Networks whose weights are trained where they are, by pulses.
@Suite("Training in memory")
struct InMemoryTrainingTests {
  private static let rules: [WriteRule] = [
    .inMemoryDescent, .chi, .tikiTaka, .tikiTaka2, .chopped, .dynamicReference,
  ]
  private static let shape = ImageShape(height: 6, width: 6, channels: 1)
  private static let layers: [LayerDescription] = [
    .convolution(.init(kernel: 3, channels: 4)), .relu, .linear(12), .relu, .linear(3),
  ]
  private static let labels: [Int32] = [0, 1, 2, 0, 1, 2, 0, 1]

  /// Steps alike, tiny and without noise.
  private static func exactDevice(step: Float) -> PulsedDevice {
    var device = PulsedDevice(
      name: "exact", summary: "", model: .constant, step: step, bounds: -1...1)
    (device.stepVariation, device.asymmetryVariation) = (0, 0)
    (device.upperVariation, device.lowerVariation) = (0, 0)
    device.cycleToCycle = 0
    return device
  }

  private static func settings(_ rule: WriteRule, _ device: PulsedDevice? = nil)
    -> TrainedArraySettings
  {
    var hardware = CrossbarHardware()
    // The layer of 64 inputs and 12 outputs takes two by three arrays.
    (hardware.rows, hardware.columns) = (40, 10)
    var settings = TrainedArraySettings(rule: rule, hardware: hardware)
    settings.range = 4
    if let device { settings.inMemory.device = .given(device) }
    return settings
  }

  private static func network(_ settings: TrainedArraySettings) throws -> ArrayNetwork {
    try ArrayNetwork(layers, shape: shape, classes: 3, settings: settings, seed: 7)
  }

  /// Images whose class is where they are bright.
  private static func images(_ batch: Int) -> Tensor {
    let stream = RandomStream(seed: 3).derived(UInt64(batch))
    return Tensor(
      (0..<8 * 36).map { place in
        let isBright = place % 36 / 12 == Int(labels[place / 36])
        return (isBright ? 0.5 : 0) + 0.5 * stream.uniform(at: UInt64(place))
      }, shape: [8, 6, 6, 1])
  }

  /// Takes steps of plain SGD; returns the losses.
  @discardableResult
  private static func train(
    _ network: ArrayNetwork, steps: Range<Int>, rate: Float = 0.1
  ) throws -> [Float] {
    var optimizer = SGD(for: network.store, momentum: 0, nesterov: false, weightDecay: 0)
    return steps.map { step in
      let (gradients, tape) = (Gradients(for: network.store), Tape())
      let context = Context(
        store: network.store, norms: NormStatistics(channels: 0), gradients: gradients, tape: tape,
        mode: .training)
      let loss = context.crossEntropy(
        network.logits(images(step), step: step, in: context), labels: labels)
      tape.backward(from: loss)
      optimizer.step(network.store, gradients, StepOptions(learningRate: rate))
      for layer in network.layers { layer.follow(network.store, step: step) }
      return loss.tensor.scalar
    }
  }

  private static func weights(_ network: ArrayNetwork) -> [Float] {
    network.store.entries.filter { $0.name.hasSuffix(".weight") }.flatMap {
      network.store.value($0.parameter).floats
    }
  }

  @Test(
    "On exact devices of tiny steps, descent in memory is descent",
    arguments: [(WriteRule.chi, Float(1e-6)), (.inMemoryDescent, 5e-5)])
  func descent(_ rule: WriteRule, _ step: Float) throws {
    var settings = Self.settings(rule, Self.exactDevice(step: step))
    // Trains long enough that no probability is clipped.
    settings.inMemory.longestTrain = 64
    settings.learningRate = 0.02
    let network = try Self.network(settings)
    let digital = try Self.network(Self.settings(.digital))
    for (entry, other) in zip(network.store.entries, digital.store.entries)
    where entry.name.hasSuffix(".weight") {
      digital.store.set(other.parameter, to: network.store.value(entry.parameter))
    }
    // The scales of arrays have no counterpart in digital layers: one step leaves them out.
    let before = Self.weights(network)
    try Self.train(network, steps: 0..<1, rate: 0.02)
    try Self.train(digital, steps: 0..<1, rate: 0.02)
    let changes = zip(Self.weights(network), before).map { Double($0 - $1) }
    let expected = zip(Self.weights(digital), before).map { Double($0 - $1) }
    let size = expected.reduce(0) { $0 + $1 * $1 }
    let along = zip(changes, expected).reduce(0) { $0 + $1.0 * $1.1 } / size
    let error = zip(changes, expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / size
    // χ keeps less than a step a weight. Trains are binomial: single weights are far off, but the step along the
    // gradient is right to a few percent.
    if rule == .chi {
      #expect(error.squareRoot() < 0.01, "\(error.squareRoot())")
    } else {
      #expect(abs(along - 1) < 0.1, "\(along)")
    }
  }

  @Test("Errors go back through the arrays, with the noise of their reads")
  func backwardNoise() throws {
    var settings = Self.settings(.chi, Self.exactDevice(step: 1e-5))
    func gradients(_ noise: Float, step: Int) throws -> [Float] {
      settings.hardware.periphery.outputNoise = noise
      let network = try Self.network(settings)
      let (gradients, tape) = (Gradients(for: network.store), Tape())
      let context = Context(
        store: network.store, norms: NormStatistics(channels: 0), gradients: gradients, tape: tape,
        mode: .training)
      let last = try #require(network.layers.last)
      let leaf = tape.leaf(Tensor((0..<120).map { Float($0 % 7) / 7 }, shape: [10, 1, 1, 12]))
      let y = last(leaf, step: step, in: context)
      let factors = Tensor((0..<30).map { Float($0 % 5) - 2 }, shape: y.tensor.shape)
      tape.backward(from: [(y, factors)])
      return try #require(tape.gradient(of: leaf)).floats
    }
    let exact = try gradients(0, step: 0)
    let noisy = try gradients(0.1, step: 0)
    #expect(try gradients(0.1, step: 0) == noisy)
    #expect(try gradients(0.1, step: 1) != noisy)
    // First weights fill a quarter of the range, and noise is in units of the range.
    let store = try Self.network(settings).store
    let name = try #require(store.entries.last { $0.name.hasSuffix(".weight") })
    let limit = 4 * Double(store.value(name.parameter).maxAbs())
    // Errors of a vector are in units of their largest; the layer is one array, its scale 1.
    let squares = (0..<10).map { row -> Double in
      let sizes = (0..<3).map { abs(Double((row * 3 + $0) % 5) - 2) }
      return sizes.max()! * sizes.max()!
    }
    let expected = squares.reduce(0, +) / 10 * limit * 0.1 * limit * 0.1
    let differences = zip(noisy, exact).map { Double($0 - $1) }
    let variance = differences.reduce(0) { $0 + $1 * $1 } / 120
    // Five standard errors of a variance from 120 values: one false alarm in 1.7 million.
    #expect(abs(variance / expected - 1) < 5 * (2.0 / 120).squareRoot())
  }

  @Test("Errors go back through scaled arrays as through the matrix that they are")
  func backwardScales() throws {
    let settings = Self.settings(.chi, Self.exactDevice(step: 1e-5))
    let network = try Self.network(settings)
    let store = network.store
    // The layer of 64 inputs and 12 outputs, on two by three arrays of different scales.
    let layer = network.layers[1]
    let scale = try #require(store.entry(named: "\(layer.name).scale")).parameter
    let scales: [Float] = [0.5, 2, 1, 3, 0.25, 1.5]
    store.set(scale, to: Tensor(scales, shape: [6]))
    let (gradients, tape) = (Gradients(for: store), Tape())
    let context = Context(
      store: store, norms: NormStatistics(channels: 0), gradients: gradients, tape: tape,
      mode: .training)
    let leaf = tape.leaf(Tensor((0..<128).map { Float($0 % 9) / 9 }, shape: [2, 1, 1, 64]))
    let y = layer(leaf, step: 0, in: context)
    let factors = (0..<24).map { Float($0 % 5) - 1.5 }
    tape.backward(from: [(y, Tensor(factors, shape: y.tensor.shape))])
    let found = try #require(tape.gradient(of: leaf)).floats
    let weight = try #require(store.entry(named: "\(layer.name).weight")).parameter
    let weights = store.value(weight).floats
    for vector in 0..<2 {
      for input in 0..<64 {
        // 40 rows and five pairs of columns an array.
        let expected = (0..<12).reduce(0.0) { sum, output in
          let array = input / 40 * 3 + output / 5
          return sum
            + Double(factors[vector * 12 + output] * weights[output * 64 + input] * scales[array])
        }
        #expect(abs(Double(found[vector * 64 + input]) - expected) < 1e-5)
      }
    }
  }

  @Test("Every rule learns, and counts its pulses", arguments: rules)
  func learns(_ rule: WriteRule) throws {
    var device = PulsedDevice.rasch(states: 200)
    device.asymmetryVariation = 0.01
    var settings = Self.settings(rule, device)
    settings.hardware.periphery = .standard
    settings.hardware.periphery.boundManagement = false
    settings.hardware.periphery.outputNoise = 0.01
    let network = try Self.network(settings)
    let losses = try Self.train(network, steps: 0..<300)
    let last = losses.suffix(20).reduce(0, +) / 20
    #expect(last < 0.6, "\(losses[0]) to \(last)")
    for layer in network.layers {
      #expect(layer.pulses > 0)
      #expect(layer.writes.reduce(0) { $0 + Int($1) } == layer.pulses)
    }
    let arrays = network.layers.map(\.arrays)
    let isPaired = rule != .inMemoryDescent && rule != .chi
    #expect(arrays == (isPaired ? [2, 12, 2] : [1, 6, 1]))
  }

  @Test("The bits depend neither on threads nor on a stop in between", arguments: rules)
  func resumes(_ rule: WriteRule) throws {
    let before = Threads.count
    defer { Threads.count = before }
    let settings = Self.settings(rule)
    var results: [[Float]] = []
    for threads in [1, 3] {
      Threads.count = threads
      let network = try Self.network(settings)
      try Self.train(network, steps: 0..<4)
      let resumed = try Self.network(settings)
      resumed.store.restore(network.store.snapshot())
      let values = Dictionary(
        uniqueKeysWithValues: network.layers.flatMap(\.state).map { ($0.name, $0.values.floats) })
      for layer in resumed.layers { try layer.restore(values, resumed.store) }
      try Self.train(network, steps: 4..<8)
      try Self.train(resumed, steps: 4..<8)
      #expect(network.store.snapshot() == resumed.store.snapshot())
      #expect(network.layers.map(\.pulses) == resumed.layers.map(\.pulses))
      results.append(network.store.snapshot())
    }
    #expect(results[0] == results[1])
  }

  @Test(
    "Wrong settings are refused with their place",
    arguments: [
      ("inMemory.device=pcm-pulsed", "inMemory.device"), ("inMemory.device=ecran", "ecram"),
      ("inMemory.period=0", "inMemory.period"), ("inMemory.flips=2", "inMemory.flips"),
      ("inMemory.speed=2", "speed"), ("rule=tiki", "tiki-taka"),
    ])
  func refused(_ option: String, _ mentions: String) {
    let error = #expect(throws: KirchhoffError.self) {
      try NetworkConfig.loader.load("in-memory", overrides: [option])
    }
    #expect(error?.description.contains(mentions) ?? false, "\(String(describing: error))")
  }
}
