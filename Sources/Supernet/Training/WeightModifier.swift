import Autodiff
import CKernels
import Runtime

/// What a training step sees instead of the weights: rounded to levels, then with Gaussian noise.
///
/// The update goes to the weights as they were: straight-through quantisation, and aihwkit's add-normal modifier,
/// w + σ·max|w|·ξ. Biases, norms, scales and ranges stay as they are.
struct WeightModifier {
  private let bits: Int?
  private let deviation: Float
  private let random: RandomStream

  init(bits: Int?, noise deviation: Float, seed: UInt64) {
    self.bits = bits
    self.deviation = deviation
    random = RandomStream(seed: seed).derived("weight-noise")
  }

  /// Calls with the weights of a training step.
  func around<R>(_ store: ParameterStore, step: Int, _ body: () throws -> R) rethrows -> R {
    try modified(store, isActive: bits != nil || deviation > 0, body) { weights in
      quantise(weights)
      guard deviation > 0 else { return }
      let stream = random.derived(UInt64(step)).derived(UInt64(weights.index))
      kk_random_add_gaussian(
        weights.first, weights.first, deviation * weights.largest, stream.seed, stream.stream, 0,
        weights.count)
    }
  }

  /// Calls with weights that are rounded and have no noise: how the network is evaluated.
  func quantised<R>(_ store: ParameterStore, _ body: () throws -> R) rethrows -> R {
    try modified(store, isActive: bits != nil, body) { quantise($0) }
  }

  /// Rounds the weights of a store for good.
  static func quantise(_ store: ParameterStore, bits: Int) {
    let modifier = WeightModifier(bits: bits, noise: 0, seed: 0)
    for weights in modifier.weights(of: store) { modifier.quantise(weights) }
  }

  /// One weight tensor in its store.
  private struct Weights {
    var index: Int
    var first: UnsafeMutablePointer<Float>
    var count: Int
    var largest: Float
  }

  private func weights(of store: ParameterStore) -> [Weights] {
    store.entries.filter(\.decays).map { entry in
      let (first, count) = (store.values + entry.parameter.offset, entry.parameter.shape.count)
      var largest: Float = 0
      kk_row_maxima(&largest, first, 1, count, count)
      return Weights(index: entry.parameter.index, first: first, count: count, largest: largest)
    }
  }

  private func quantise(_ weights: Weights) {
    guard let bits, weights.largest > 0 else { return }
    let step = weights.largest / Float(1 << (bits - 1) - 1)
    let one: [Float] = [1]
    kk_dac(
      weights.first, weights.first, one, 1, weights.count, weights.count, weights.count, step,
      weights.largest)
  }

  /// Calls with changed weights and puts them back; what the call itself sets elsewhere stays.
  private func modified<R>(
    _ store: ParameterStore, isActive: Bool, _ body: () throws -> R, change: (Weights) -> Void
  ) rethrows -> R {
    guard isActive else { return try body() }
    let all = weights(of: store)
    let clean = all.map { Array(UnsafeBufferPointer(start: $0.first, count: $0.count)) }
    defer {
      for (weights, values) in zip(all, clean) {
        weights.first.update(from: values, count: weights.count)
      }
    }
    all.forEach(change)
    return try body()
  }
}
