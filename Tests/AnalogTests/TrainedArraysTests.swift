import Kirchhoff
import Testing

@Suite("Layers trained on arrays")
struct TrainedArraysTests {
  private let store = ParameterStore()

  private func layer(
    _ rule: WriteRule, kernel: Int = 3, _ change: (inout CrossbarHardware) -> Void = { _ in }
  ) throws -> TrainedArrays {
    var settings = TrainedArraySettings(
      rule: rule, hardware: try .preset("bulk-switching-2bit"))
    change(&settings.hardware)
    let layer = try TrainedArrays(
      "layer", kernel: kernel, inputs: 9, outputs: 3, in: store, settings: settings,
      random: RandomStream(seed: 2))
    store.finish(seed: 5)
    try layer.begin(store)
    return layer
  }

  private func uniform(_ shape: [Int], _ name: String) -> Tensor {
    let stream = RandomStream(seed: 6).derived(name)
    return Tensor(
      (0..<UInt64(shape.reduce(1, *))).map { stream.uniform(at: $0) }, shape: Shape(shape))
  }

  private func context(_ gradients: Gradients? = nil, _ tape: Tape? = nil) -> Context {
    Context(
      store: store, norms: NormStatistics(channels: 0), gradients: gradients, tape: tape,
      mode: .training)
  }

  private func parameter(_ name: String) throws -> Parameter {
    try #require(store.entry(named: "layer.\(name)")).parameter
  }

  /// Σ of the output times fixed factors.
  private func loss(_ layer: TrainedArrays, _ x: Tensor, _ factors: Tensor) -> Double {
    let y = context().value(layer(Variable(constant: x), step: 0, in: context()))
    return zip(y.floats, factors.floats).reduce(0) { $0 + Double($1.0 * $1.1) }
  }

  @Test("Gradients of weights, bias and input are those of finite differences", arguments: [1, 3])
  func gradients(_ kernel: Int) throws {
    let layer = try layer(.digital, kernel: kernel)
    let side = 5 - kernel + 1
    let (x, factors) = (uniform([2, 5, 5, 9], "x"), uniform([2, side, side, 3], "factors"))
    let (gradients, tape) = (Gradients(for: store), Tape())
    let leaf = tape.leaf(x)
    let y = layer(leaf, step: 0, in: context(gradients, tape))
    tape.backward(from: [(y, factors)])
    let inputGradient = try #require(tape.gradient(of: leaf)).floats
    let step: Float = 0.25
    // The layer is linear in each: differences are exact but for rounding of sums of about 100.
    for name in ["weight", "bias"] {
      let parameter = try parameter(name)
      let known = store.value(parameter)
      let found = gradients.gradient(parameter).floats
      for index in stride(from: 0, to: found.count, by: 7) {
        var moved = known.floats
        moved[index] += step
        store.set(parameter, to: Tensor(moved, shape: known.shape))
        let above = loss(layer, x, factors)
        store.set(parameter, to: known)
        let slope = (above - loss(layer, x, factors)) / Double(step)
        #expect(abs(slope - Double(found[index])) < 2e-3)
      }
    }
    for index in stride(from: 0, to: x.shape.count, by: 31) {
      var moved = x.floats
      moved[index] += step
      let above = loss(layer, Tensor(moved, shape: x.shape), factors)
      #expect(
        abs((above - loss(layer, x, factors)) / Double(step) - Double(inputGradient[index])) < 2e-3)
    }
  }

  @Test("Gradients of the arrays' scales are those of finite differences")
  func scaleGradients() throws {
    // 27 rows hold three of nine channels: three arrays.
    let layer = try layer(.mixedPrecision) { $0.rows = 27 }
    let (x, factors) = (uniform([2, 5, 5, 9], "x"), uniform([2, 3, 3, 3], "factors"))
    let (gradients, tape) = (Gradients(for: store), Tape())
    let y = layer(Variable(constant: x), step: 0, in: context(gradients, tape))
    tape.backward(from: [(y, factors)])
    let scale = try parameter("scale")
    let found = gradients.gradient(scale).floats
    #expect(found.count == 3)
    for index in found.indices {
      let known = store.value(scale)
      var moved = known.floats
      moved[index] += 0.25
      store.set(scale, to: Tensor(moved, shape: known.shape))
      let above = loss(layer, x, factors)
      store.set(scale, to: known)
      #expect(abs((above - loss(layer, x, factors)) / 0.25 - Double(found[index])) < 2e-3)
    }
  }

  @Test("With fine converters arrays compute what their weights do in digital arithmetic")
  func fineConverters() throws {
    let layer = try layer(.mixedPrecision) {
      $0.rows = 27
      $0.periphery.dac.bits = 16
      $0.periphery.adc = Converter(bits: 20, bound: 100)
    }
    let x = uniform([2, 5, 5, 9], "x")
    let found = context().value(layer(Variable(constant: x), step: 0, in: context()))
    let weights = store.value(try parameter("weight"))
    // Weights are `[outputs, channels · taps]`.
    for (image, row, column, output) in [(0, 0, 0, 0), (1, 2, 1, 2), (0, 1, 2, 1)] {
      var expected = 0.0
      for channel in 0..<9 {
        for tap in 0..<9 {
          expected +=
            Double(weights[output, channel * 9 + tap])
            * Double(x[image, row + tap / 3, column + tap % 3, channel])
        }
      }
      #expect(abs(Double(found[image, row, column, output]) - expected) < 1e-3)
    }
  }

  @Test("Mixed precision writes a device only when its updates pass a level; naive writes each")
  func writes() throws {
    let layer = try layer(.mixedPrecision)
    let weight = try parameter("weight")
    let first = store.value(weight).floats
    let level = (first.map { abs($0) }.max() ?? 0) / 3
    func update(_ index: Int, _ change: Float) {
      var values = store.value(weight).floats
      values[index] += change
      store.set(weight, to: Tensor(values, shape: weight.shape))
      layer.follow(store, step: 0)
    }
    let index = try #require(first.firstIndex { $0 == 0 })
    update(index, 0.6 * level)
    #expect(layer.writes.allSatisfy { $0 == 0 })
    #expect(store.value(weight).floats == first)
    update(index, 0.6 * level)
    #expect(layer.writes.reduce(0) { $0 + Int($1) } == 1 && layer.writes[index] == 1)
    #expect(abs(store.value(weight).floats[index] - level) < 1e-6)
  }

  @Test("Naive writing rounds small updates away and still wears the device")
  func naive() throws {
    let layer = try layer(.naive)
    let weight = try parameter("weight")
    let first = store.value(weight).floats
    for _ in 0..<3 {
      store.set(
        weight, to: Tensor(store.value(weight).floats.map { $0 + 1e-4 }, shape: weight.shape))
      layer.follow(store, step: 0)
    }
    #expect(layer.writes.allSatisfy { $0 == 3 })
    #expect(zip(store.value(weight).floats, first).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test(
    "Reads deviate by their share of a level, as the same step draws them again",
    arguments: [ReadNoise.perRead, .perCall])
  func readNoise(_ kind: ReadNoise) throws {
    // A deviation of 0.3 levels of the pair.
    let layer = try layer(.mixedPrecision, kernel: 1) {
      $0.readNoise = kind
      $0.readDeviation = 0.1
      $0.periphery.adc = Converter(bits: nil, bound: 1e6)
    }
    let x = uniform([1, 1, 1, 9], "x")
    func output(_ step: Int) -> [Float] {
      context().value(layer(Variable(constant: x), step: step, in: context())).floats
    }
    #expect(output(1) == output(1) && output(1) != output(2))
    let weight = store.value(try parameter("weight"))
    let level = (weight.floats.map { abs($0) }.max() ?? 0) / 3
    let norm = x.floats.reduce(0) { $0 + Double($1 * $1) }.squareRoot()
    let expected = 0.3 * Double(level) * norm
    let count = 4000
    let values = (0..<count).map { Double(output($0)[0]) }
    let mean = values.reduce(0, +) / Double(count)
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count))
      .squareRoot()
    // Five standard errors.
    #expect(abs(deviation / expected - 1) < 5 / Double(2 * count).squareRoot())
  }

  @Test("A kernel of more taps than an array has rows is refused")
  func refused() {
    let error = #expect(throws: KirchhoffError.self) {
      _ = try layer(.mixedPrecision) { $0.rows = 8 }
    }
    #expect(error?.description.contains("layer, rows of an array: found 8") ?? false)
  }
}
