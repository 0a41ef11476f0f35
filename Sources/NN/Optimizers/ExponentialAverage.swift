import Autodiff
import CKernels
import Runtime
import Tensor

/// An exponential moving average of all parameters.
public struct ExponentialAverage {
  /// The weight of the old average; 0.99985 in NASViT's recipe.
  public let decay: Float
  /// The averages, in the store's flat layout.
  public private(set) var values: Tensor

  /// An average that starts at the store's values.
  public init(of store: ParameterStore, decay: Float) {
    self.decay = decay
    values = Tensor(uninitialized: [store.floatCount])
    values.pointer.update(from: store.values, count: store.floatCount)
  }

  /// Takes in the store's values.
  public func update(from store: ParameterStore) {
    parallelChunks(store.floatCount, of: StepSegment.chunk) { range in
      kk_ema_step(
        values.pointer + range.lowerBound, store.values + range.lowerBound, range.count, decay)
    }
  }

  /// Exchanges the averages with the store's values; a second call undoes it.
  public func swap(with store: ParameterStore) {
    for i in 0..<store.floatCount {
      let value = values.pointer[i]
      values.pointer[i] = store.values[i]
      store.values[i] = value
    }
  }

  /// Restores averages of a checkpoint.
  public mutating func restore(_ saved: Tensor) throws {
    values = try ["ema": saved].flat("ema", count: values.shape.count)
  }
}
