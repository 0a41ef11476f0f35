import CKernels
import Runtime
import Tensor

/// What rounds the inputs of layers to the codes of converters, each layer within a range that is trained.
///
/// Forward, x̂ = step·round(clip(x, ±range)/step) with step = range/(2^(bits−1) − 1). Backward, the gradient passes
/// straight through where x is within the range; the range gets what its end stopped (`LearnedRange`).
public struct InputQuantiser: Sendable {
  /// Bits of the converters.
  public let bits: Int
  /// The range of each weight's inputs, by the index of the weight.
  private let ranges: [Int: Parameter]

  /// - Parameter ranges: The range of each weight's inputs, one number each, by the index of the weight; 0 until the
  ///   first training batch sets it to three root mean squares of what it sees.
  public init(bits: Int, ranges: [Int: Parameter]) {
    require(bits >= 2 && bits <= 16, "InputQuantiser: \(bits) bits")
    self.bits = bits
    self.ranges = ranges
  }

  /// The range of a weight's inputs.
  func range(of weight: Parameter) -> Parameter? { ranges[weight.index] }
}

extension Context {
  /// The inputs of a layer as its converters send them; as they are where the context has none.
  func quantised(_ x: Variable, for weight: Parameter) -> Variable {
    guard let inputQuantiser, let parameter = inputQuantiser.range(of: weight) else { return x }
    let x = materialized(x)
    let values = x.raw.contiguous()
    guard let range = range(parameter, of: values) else { return x }
    let codes = Float(1 << (inputQuantiser.bits - 1) - 1)
    let output = Tensor(uninitialized: x.shape)
    let (source, target, step) = (values.pointer, output.pointer, range / codes)
    parallelChunks(x.shape.count, of: 1 << 14) { part in
      let one: [Float] = [1]
      kk_dac(
        target + part.lowerBound, source + part.lowerBound, one, 1, part.count, part.count,
        part.count, step, range)
    }
    guard let tape, x.needsGradient || gradients != nil else {
      return Variable(raw: output, node: -1)
    }
    let node = tape.record { slot in
      let g = slot.materialized()!.copy()
      let stopped = LearnedRange.cut(g, where: values, exceed: range)
      addGradient(Tensor([stopped], shape: [1]), to: parameter)
      if x.needsGradient { tape.deposit(g, to: x.node) }
    }
    return Variable(raw: output, node: node)
  }

  /// The range as it is trained; in training the first batch sets it, and until then there is none.
  private func range(_ parameter: Parameter, of values: Tensor) -> Float? {
    let known = store.values[parameter.offset]
    guard known <= 0 else { return known }
    guard mode == .training, let first = LearnedRange.first(of: values) else { return nil }
    store.set(parameter, to: Tensor([first], shape: [1]))
    return first
  }
}
