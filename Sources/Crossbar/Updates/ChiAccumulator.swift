import Runtime
import Tensor

/// Mixed-precision training with blind pulses, sent only for whole steps (arXiv 2001.11773).
///
/// Updates add up in digital memory (Nandakumar et al., Frontiers in Neuroscience 14:406, 2020).
/// n = trunc(χ/ε) pulses are sent and χ keeps the remainder, so that Σ lr·d·xᵀ = ε·Σn + χ always.
public struct ChiAccumulator: Codable, Hashable, Sendable {
  /// ε: the weight that one pulse is taken to change.
  public let granularity: Float
  /// Rows: the outputs of the layer.
  public let outputs: Int
  /// Columns: its inputs.
  public let inputs: Int
  /// χ, `[outputs, inputs]`.
  public private(set) var chi: [Float]

  /// Nothing accumulated.
  public init(outputs: Int, inputs: Int, granularity: Float) {
    require(granularity > 0, "ChiAccumulator: granularity \(granularity)")
    self.granularity = granularity
    self.outputs = outputs
    self.inputs = inputs
    chi = [Float](repeating: 0, count: outputs * inputs)
  }

  /// χ += rate·d·xᵀ for one vector: errors `d` of the outputs, activations `x` of the inputs.
  public mutating func accumulate(_ d: [Float], _ x: [Float], rate: Float) {
    require(
      d.count == outputs && x.count == inputs,
      "ChiAccumulator [\(outputs), \(inputs)]: \(d.count) errors, \(x.count) inputs")
    for output in 0..<outputs {
      for input in 0..<inputs { chi[output * inputs + input] += rate * d[output] * x[input] }
    }
  }

  /// χ += values, `[outputs, inputs]`.
  public mutating func accumulate(_ values: [Float]) {
    require(values.count == chi.count, "ChiAccumulator: \(values.count) of \(chi.count) updates")
    for index in chi.indices { chi[index] += values[index] }
  }

  /// Takes over χ of a training that goes on.
  mutating func restore(_ chi: [Float]) {
    require(chi.count == self.chi.count, "ChiAccumulator: χ of \(chi.count) values")
    self.chi = chi
  }

  /// Takes the whole steps out of χ.
  ///
  /// - Returns: The pulses of each device, their sign the direction.
  public mutating func transfer() -> [Int32] {
    var counts = [Int32](repeating: 0, count: chi.count)
    forEachTransfer { counts[$0] = $1 }
    return counts
  }

  /// Takes the whole steps out of χ; calls `body` with each device that gets any, and its pulses.
  @inline(__always)
  mutating func forEachTransfer(_ body: (Int, Int32) -> Void) {
    for index in chi.indices where abs(chi[index]) >= granularity {
      let steps = (chi[index] / granularity).rounded(.towardZero)
      chi[index] -= steps * granularity
      body(index, Int32(steps))
    }
  }

  /// χ += rate·Σ d·xᵀ over pairs `[pairs, outputs]` and `[pairs, inputs]`.
  mutating func accumulate(_ d: Tensor, _ x: Tensor, rate: Float) {
    require(
      d.shape[1] == outputs && x.shape[1] == inputs,
      "ChiAccumulator [\(outputs), \(inputs)]: errors \(d.shape), inputs \(x.shape)")
    let (pairs, errors, values) = (d.shape[0], d.pointer, x.pointer)
    chi.withUnsafeMutableBufferPointer { chi in
      gemm(
        transposeA: true, m: outputs, n: inputs, k: pairs, alpha: rate, errors, lda: d.rowStride,
        values, ldb: x.rowStride, beta: 1, into: chi.baseAddress!, ldc: inputs)
    }
    withExtendedLifetime((d, x)) {}
  }
}
