import Kirchhoff
import Synchronization
import Testing

/// Networks with LSTMs whose gates are in arrays.
@Suite("LSTMs on arrays")
struct RecurrentNetworkTests {
  private static let shape = ImageShape(height: 5, width: 4, channels: 1)
  private static let layers: [LayerDescription] = [.lstm(6), .lstm(8), .linear(3)]
  private static let labels: [Int32] = [0, 1, 2, 0, 1, 2, 0, 1]

  private static func network(_ settings: TrainedArraySettings) throws -> ArrayNetwork {
    try ArrayNetwork(layers, shape: shape, classes: 3, settings: settings, seed: 3)
  }

  /// Sequences whose class is when they are bright.
  private static func images(_ number: Int) -> Tensor {
    let stream = RandomStream(seed: 8).derived(UInt64(number))
    return Tensor(
      (0..<8 * 20).map { place in
        let isBright = place % 20 / 4 == Int(labels[place / 20])
        return (isBright ? 0.6 : 0) + 0.4 * stream.uniform(at: UInt64(place))
      }, shape: [8, 5, 4, 1])
  }

  private static func context(
    _ network: ArrayNetwork, _ gradients: Gradients? = nil, _ tape: Tape? = nil
  ) -> Context {
    Context(
      store: network.store, norms: NormStatistics(channels: 0), gradients: gradients, tape: tape,
      mode: .training)
  }

  private static func loss(_ network: ArrayNetwork, step: Int = 0) -> Float {
    let context = context(network)
    return context.crossEntropy(
      network.logits(images(0), step: step, in: context), labels: labels
    ).tensor.scalar
  }

  @Test("Gradients through time are those of differences")
  func gradients() throws {
    let settings = TrainedArraySettings(rule: .digital, hardware: CrossbarHardware())
    let network = try Self.network(settings)
    let (gradients, tape) = (Gradients(for: network.store), Tape())
    let context = Self.context(network, gradients, tape)
    tape.backward(
      from: context.crossEntropy(
        network.logits(Self.images(0), step: 0, in: context), labels: Self.labels))
    for entry in network.store.entries where !entry.name.hasSuffix(".scale") {
      let known = network.store.value(entry.parameter)
      let found = gradients.gradient(entry.parameter).floats
      let size = found.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
      func moved(_ factor: Float) -> Float {
        let values = zip(known.floats, found).map { $0 + factor / size * $1 }
        network.store.set(entry.parameter, to: Tensor(values, shape: known.shape))
        defer { network.store.set(entry.parameter, to: known) }
        return Self.loss(network)
      }
      // Along its own direction a gradient's slope is its size; single precision leaves 1e-6 of a loss.
      let slope = (moved(0.02) - moved(-0.02)) / 0.04
      #expect(abs(slope / size - 1) < 0.01, "\(entry.name): \(slope) of \(size)")
    }
  }

  @Test(
    "Gates in arrays learn when a sequence is bright",
    arguments: [
      (WriteRule.mixedPrecision, Float(0.5)), (.quantisationAware, 0.5), (.chi, 0.2),
      (.chopped, 0.5),
    ])
  func learns(_ rule: WriteRule, _ rate: Float) throws {
    var hardware = try CrossbarHardware.preset("bulk-switching")
    hardware.columns = 32
    // The preset's noise, 2 LSB of a wide range, drowns errors that come back through 8 rows.
    if rule == .chi || rule == .chopped { hardware.periphery.outputNoise = 0.02 }
    var settings = TrainedArraySettings(rule: rule, hardware: hardware)
    settings.range = 3
    settings.inMemory.device = .given(.rasch(states: 200))
    settings.learningRate = rate
    let network = try Self.network(settings)
    var optimizer = AdamW(for: network.store, weightDecay: 0)
    var last: Float = 0
    for step in 0..<2000 {
      let (gradients, tape) = (Gradients(for: network.store), Tape())
      let context = Self.context(network, gradients, tape)
      let loss = context.crossEntropy(
        network.logits(Self.images(step), step: step, in: context), labels: Self.labels)
      tape.backward(from: loss)
      optimizer.step(network.store, gradients, StepOptions(learningRate: 0.01))
      for layer in network.layers { layer.follow(network.store, step: step) }
      if step >= 1980 { last += loss.tensor.scalar / 20 }
    }
    #expect(last < 0.6, "\(last)")
  }

  @Test("Every time step draws noise of its own, in training and on other hardware")
  func noise() throws {
    var hardware = CrossbarHardware()
    hardware.periphery.outputNoise = 0.05
    var settings = TrainedArraySettings(rule: .mixedPrecision, hardware: hardware)
    settings.snaps = false
    let network = try ArrayNetwork(
      [.lstm(3), .linear(2)], shape: Self.shape, classes: 2, settings: settings, seed: 3)
    let layer = network.layers[0]
    let x = Variable(constant: Tensor(repeating: 0.5, shape: [1, 1, 1, 7]))
    let context = Self.context(network)
    func gates(_ call: Int) -> [Float] {
      context.value(layer(x, step: 2, call: call, in: context)).floats
    }
    #expect(gates(0) == gates(0))
    #expect(gates(0) != gates(1) && gates(1) != gates(2))
    let other = Numbers()
    var inference = Context(
      store: network.store, norms: NormStatistics(channels: 0), mode: .inference)
    inference.products = other
    inference.firstImage = 3
    _ = network.logits(Self.images(0), step: 0, in: inference)
    // Five rows of eight images from the fourth on: no vector of a layer has the number of another.
    let numbers = other.taken.withLock { $0 }
    #expect(numbers["layer1"]?.count == 40 && Set(numbers["layer1"] ?? []).count == 40)
    #expect(numbers["layer2"] == Array(3..<11))
  }

  /// Other hardware that notes which vectors it is given.
  private final class Numbers: MatrixProducts {
    let taken = Mutex<[String: [Int]]>([:])

    func product(
      _ x: Tensor, weight: Tensor, taps: Int, layer: String, firstVector: Int
    ) -> Tensor? {
      taken.withLock {
        $0[layer, default: []] += firstVector..<firstVector + x.shape[0]
      }
      return matmul(x, weight, transposeB: true)
    }
  }

  @Test("Convolutions and norms before an LSTM are fine, an LSTM after a linear layer is not")
  func plans() throws {
    let settings = TrainedArraySettings(rule: .digital, hardware: CrossbarHardware())
    let network = try ArrayNetwork(
      [
        .convolution(.init(kernel: 3, channels: 2, padding: 1)), .batchNorm, .relu, .lstm(4),
        .linear(3),
      ], shape: Self.shape, classes: 3, settings: settings, seed: 3)
    let context = Context(
      store: network.store, norms: NormStatistics(channels: 2), mode: .training)
    #expect(network.logits(Self.images(0), step: 0, in: context).shape == [8, 3])
    let error = #expect(throws: KirchhoffError.self) {
      try ArrayNetwork(
        [.linear(4), .lstm(4), .linear(3)], shape: Self.shape, classes: 3, settings: settings,
        seed: 3)
    }
    #expect(error?.description.contains("layer 2") ?? false)
    let mapped = try MappedLayer(
      .lstm("gates", inputs: 4, units: 6, steps: 5), rows: 64, columns: 16)
    // 24 gates on 8 pairs of columns each: three arrays, read five times.
    #expect(mapped.arrays == 3 && mapped.devices == 2 * 10 * 24 && mapped.tileOperations == 15)
  }
}
