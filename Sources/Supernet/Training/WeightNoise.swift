import Autodiff
import CKernels
import Runtime

/// Noise-aware training: the forward and backward passes of a step see weights with Gaussian noise, the
/// update goes to the clean ones (aihwkit's add-normal modifier, w + σ·max|w|·ξ).
struct WeightNoise {
  private let deviation: Float
  private let random: RandomStream

  init(deviation: Float, seed: UInt64) {
    self.deviation = deviation
    random = RandomStream(seed: seed).derived("weight-noise")
  }

  /// Calls with noise on the weights of a store; biases, norms and scales have none.
  func around<R>(_ store: ParameterStore, step: Int, _ body: () -> R) -> R {
    guard deviation > 0 else { return body() }
    let clean = store.snapshot()
    defer { store.restore(clean) }
    let draws = random.derived(UInt64(step))
    for entry in store.entries where entry.decays {
      let (first, count) = (store.values + entry.parameter.offset, entry.parameter.shape.count)
      var largest: Float = 0
      kk_row_maxima(&largest, first, 1, count, count)
      let stream = draws.derived(UInt64(entry.parameter.index))
      kk_random_add_gaussian(
        first, first, deviation * largest, stream.seed, stream.stream, 0, count)
    }
    return body()
  }
}
