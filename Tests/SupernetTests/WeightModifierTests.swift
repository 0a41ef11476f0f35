import Kirchhoff
import Testing

@testable import Supernet

@Suite("What training sees instead of the weights")
struct WeightModifierTests {
  private let store: ParameterStore
  private let weight: Parameter
  private let bias: Parameter

  init() {
    store = ParameterStore()
    weight = store.declare(
      "weight", shape: [200, 100], initializer: .gaussian(standardDeviation: 0.3), decays: true)
    bias = store.declare("bias", shape: [100], initializer: .constant(0.5), decays: false)
    store.finish(seed: 3)
  }

  @Test("Weights deviate by a share of the largest, and are clean afterwards")
  func deviation() {
    let clean = store.value(weight).floats
    let noise = WeightModifier(bits: nil, noise: 0.1, seed: 7)
    let (noisy, biases) = noise.around(store, step: 4) {
      (store.value(weight).floats, store.value(bias).floats)
    }
    #expect(store.value(weight).floats == clean)
    #expect(biases.allSatisfy { $0 == 0.5 })
    let largest = Double(clean.map(abs).max() ?? 0)
    let squares = zip(noisy, clean).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    let deviation = (squares / Double(clean.count)).squareRoot()
    // Five standard errors.
    #expect(abs(deviation / (0.1 * largest) - 1) < 5 / Double(2 * clean.count).squareRoot())
  }

  @Test("Every step draws anew, the same step the same")
  func draws() {
    let noise = WeightModifier(bits: nil, noise: 0.1, seed: 7)
    func weights(_ step: Int) -> [Float] {
      noise.around(store, step: step) { store.value(weight).floats }
    }
    #expect(weights(1) == weights(1))
    #expect(weights(1) != weights(2))
  }

  @Test("Weights are rounded to levels of their largest, and what the call sets elsewhere stays")
  func levels() {
    let clean = store.value(weight).floats
    let largest = clean.map(abs).max() ?? 0
    let modifier = WeightModifier(bits: 4, noise: 0, seed: 7)
    let rounded = modifier.around(store, step: 0) {
      store.set(bias, to: Tensor(repeating: 2, shape: [100]))
      return store.value(weight).floats
    }
    #expect(store.value(weight).floats == clean)
    #expect(store.value(bias).floats.allSatisfy { $0 == 2 })
    #expect(Set(rounded).count <= 15)
    for (value, exact) in zip(rounded, clean) {
      let levels = value / largest * 7
      #expect(abs(levels - levels.rounded()) < 1e-5)
      #expect(abs(value - exact) <= largest / 14 * 1.0001)
    }
    #expect(modifier.quantised(store) { store.value(weight).floats } == rounded)
    WeightModifier.quantise(store, bits: 4)
    #expect(store.value(weight).floats == rounded)
  }
}
