import Kirchhoff
import Testing

@testable import Supernet

@Suite("Noise on weights in training")
struct WeightNoiseTests {
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
    let noise = WeightNoise(deviation: 0.1, seed: 7)
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
    let noise = WeightNoise(deviation: 0.1, seed: 7)
    func weights(_ step: Int) -> [Float] {
      noise.around(store, step: step) { store.value(weight).floats }
    }
    #expect(weights(1) == weights(1))
    #expect(weights(1) != weights(2))
  }
}
