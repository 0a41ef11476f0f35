import CKernels
import Runtime
import Tensor

/// What rounds the inputs of layers to the codes of converters, each layer within a range that is trained.
///
/// Forward, x̂ = step·round(clip(x, ±range)/step) with step = range/(2^(bits−1) − 1). Backward, the gradient passes
/// straight through where x is within the range; the range gets what its end stopped, Σ sign(x)·g over the others
/// (PACT, arXiv 1805.06085; aihwkit's input range learning).
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
      let stopped = cut(g, where: values, exceed: range)
      addGradient(Tensor([stopped], shape: [1]), to: parameter)
      if x.needsGradient { tape.deposit(g, to: x.node) }
    }
    return Variable(raw: output, node: node)
  }

  /// The range as it is trained; in training the first batch sets it, and until then there is none.
  private func range(_ parameter: Parameter, of values: Tensor) -> Float? {
    let known = store.values[parameter.offset]
    guard known <= 0 else { return known }
    guard mode == .training else { return nil }
    let square = values.squares().floats.reduce(0.0) { $0 + Double($1) }
    let first = 3 * Float((square / Double(values.shape.count)).squareRoot())
    guard first > 0 else { return nil }
    store.set(parameter, to: Tensor([first], shape: [1]))
    return first
  }

  /// Stops the gradient where inputs were cut off; returns what was stopped, each with its input's sign.
  private func cut(_ g: Tensor, where values: Tensor, exceed range: Float) -> Float {
    let (gradient, input) = (g.pointer, values.pointer)
    var sum = 0.0
    for index in 0..<values.shape.count where abs(input[index]) > range {
      sum += Double(input[index] < 0 ? -gradient[index] : gradient[index])
      gradient[index] = 0
    }
    return Float(sum)
  }
}
