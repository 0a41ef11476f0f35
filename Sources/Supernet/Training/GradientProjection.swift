import Autodiff
import CKernels
import Runtime
import SearchSpace
import Tensor

extension Gradients {
  /// Adds `other`.
  func add(_ other: Gradients) {
    parallelChunks(count, of: 1 << 15) { range in
      kk_axpy(values + range.lowerBound, other.values + range.lowerBound, range.count, 1)
    }
  }

  /// Replaces these gradients, those of the subnets, by their combination with the largest
  /// network's: tensor by tensor g = (1 + a)·g_sub + g_sup with
  /// a = clamp(−⟨g_sub, g_sup⟩ / (ε + ‖g_sub‖²), 0, clamp) (Gong et al., NASViT, ICLR 2022).
  ///
  /// Where the two conflict, g_sup loses its part against g_sub; beyond the clamp a conflict stays.
  public func combine(
    withLargest largest: Gradients, projection: Projection, over store: ParameterStore
  ) {
    parallelFor(store.entries.count) { index in
      let parameter = store.entries[index].parameter
      let count = parameter.shape.count
      let sub = values + parameter.offset
      let sup = largest.values + parameter.offset
      var products = [0.0, 0.0, 0.0]
      kk_dot_norms(&products, sub, sup, count)
      let ratio = -products[0] / (projection.epsilon + products[1])
      kk_project(sub, sub, sup, count, Float(min(max(ratio, 0), projection.clamp)))
    }
  }
}
