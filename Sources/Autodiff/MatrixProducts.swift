import CKernels
import Runtime
import Tensor

/// Who multiplies with weights in inference, where it is not the kernels: memristor arrays, say.
public protocol MatrixProducts: Sendable {
  /// y = x·Wᵀ, or nil to leave this layer to the kernels.
  ///
  /// Called from several threads at once, each with other vectors of the same layer.
  ///
  /// - Parameters:
  ///   - x: `[vectors, inputs]`; the patches of a convolution are vectors.
  ///   - weight: `[outputs, inputs]`, the same at every call for a layer; of a convolution all taps of
  ///     a channel together.
  ///   - taps: Taps of a kernel; 1 for a linear layer.
  ///   - layer: The name of the weight, its group of channels included.
  ///   - firstVector: The number of the first vector among all that the layer ever sees: noise that is
  ///     a function of it does not depend on how images are grouped.
  /// - Returns: `[vectors, outputs]`.
  func product(
    _ x: Tensor, weight: Tensor, taps: Int, layer: String, firstVector: Int
  ) -> Tensor?

  /// y = x·Wᵀ where W is an activation, written anew for every image and head; nil to leave all products of
  /// attention to the kernels.
  ///
  /// - Parameters:
  ///   - x: `[vectors, inputs]`.
  ///   - activation: `[outputs, inputs]`: the keys of a head, or its values turned.
  ///   - layer: The name of the product.
  ///   - number: Which image and head of all that the layer ever sees.
  /// - Returns: `[vectors, outputs]`.
  func product(_ x: Tensor, activation: Tensor, layer: String, number: Int) -> Tensor?

  /// How many channels of a depthwise convolution are multiplied with at once, as a matrix that is zero but for
  /// its diagonal blocks; nil to leave the layer to the kernels.
  func depthwiseChannels(taps: Int, layer: String) -> Int?

  /// Whether products of attention are taken.
  var takesAttention: Bool { get }
}

extension MatrixProducts {
  /// Left to the kernels.
  public func product(_ x: Tensor, activation: Tensor, layer: String, number: Int) -> Tensor? {
    nil
  }

  /// Left to the kernels.
  public func depthwiseChannels(taps: Int, layer: String) -> Int? { nil }

  /// No.
  public var takesAttention: Bool { false }
}

extension Context {
  /// A linear layer by other hands, or nil where the kernels do it.
  func externalPointwise(
    _ x: Variable, weight: WeightWindow, bias: VectorWindow?
  ) -> Variable? {
    guard let products, mode == .inference else { return nil }
    let input = value(x)
    let rows = input.shape.rows
    guard
      let y = products.product(
        input.reshaped([rows, weight.inputs]), weight: store.stacked(weight), taps: 1,
        layer: store.entries[weight.parameter.index].name,
        firstVector: firstImage * (rows / max(input.shape[0], 1)))
    else { return nil }
    add(bias, to: y)
    return Variable(constant: y.reshaped(input.shape.with(channels: weight.outputs)))
  }

  /// A convolution by other hands, or nil where the kernels do it: every patch is a vector.
  func externalConvolution(
    _ x: Variable, kernel: Tensor, weight: KernelWindow, bias: VectorWindow?, stride: Int,
    groups: Int, outputShape: Shape
  ) -> Variable? {
    guard let products, mode == .inference else { return nil }
    let input = value(x)
    let (taps, outputs) = (weight.size * weight.size, weight.outputs / groups)
    let matrix = channelsFirst(kernel)
    let result = Tensor(uninitialized: outputShape)
    let name = store.entries[weight.parameter.index].name
    for group in 0..<groups {
      let channels = input.channels(group * weight.inputs..<(group + 1) * weight.inputs)
      let patches = Patches(
        of: channels.shape, kernel: weight.size, stride: stride, padding: weight.size / 2)
      guard
        let y = products.product(
          patches.gathered(channels),
          weight: matrix.prefix(group * outputs..<(group + 1) * outputs), taps: taps,
          layer: groups == 1 ? name : "\(name)[\(group)]",
          firstVector: firstImage * outputShape[1] * outputShape[2])
      else { return nil }
      kk_copy_rows(
        result.pointer + group * outputs, y.pointer, y.shape[0], outputs, weight.outputs,
        y.rowStride)
    }
    add(bias, to: result.reshaped([outputShape.rows, weight.outputs]))
    return Variable(constant: result)
  }

  /// A depthwise convolution by other hands, or nil where the kernels do it: channels next to each other are
  /// one matrix with a block of taps for each.
  func externalDepthwise(
    _ x: Variable, weight: KernelWindow, stride: Int, outputShape: Shape
  ) -> Variable? {
    guard let products, mode == .inference else { return nil }
    let taps = weight.size * weight.size
    let name = store.entries[weight.parameter.index].name
    guard let together = products.depthwiseChannels(taps: taps, layer: name) else { return nil }
    let input = value(x)
    let kernel = store.values + weight.offset
    let result = Tensor(uninitialized: outputShape)
    for first in Swift.stride(from: 0, to: weight.outputs, by: together) {
      let range = first..<min(first + together, weight.outputs)
      let matrix = Tensor(shape: [range.count, range.count * taps])
      for (row, channel) in range.enumerated() {
        for tap in 0..<taps {
          let place = tap / weight.size * weight.rowStride + tap % weight.size * weight.tapStride
          matrix.pointer[(row * range.count + row) * taps + tap] = kernel[place + channel]
        }
      }
      let channels = input.channels(range)
      let patches = Patches(
        of: channels.shape, kernel: weight.size, stride: stride, padding: weight.size / 2)
      guard
        let y = products.product(
          patches.gathered(channels), weight: matrix, taps: taps, layer: "\(name)[\(first)]",
          firstVector: firstImage * outputShape[1] * outputShape[2])
      else { return nil }
      kk_copy_rows(
        result.pointer + first, y.pointer, y.shape[0], range.count, weight.outputs, y.rowStride)
    }
    return Variable(constant: result)
  }

  /// A kernel `[outputs, size, size, inputs]` as `[outputs, inputs · taps]`.
  private func channelsFirst(_ kernel: Tensor) -> Tensor {
    let (outputs, taps, inputs) = (
      kernel.shape[0], kernel.shape[1] * kernel.shape[2], kernel.shape[3]
    )
    let result = Tensor(uninitialized: [outputs, inputs * taps])
    for output in 0..<outputs {
      let (from, to) = (
        kernel.pointer + output * taps * inputs, result.pointer + output * taps * inputs
      )
      for tap in 0..<taps {
        for input in 0..<inputs { to[input * taps + tap] = from[tap * inputs + input] }
      }
    }
    return result
  }

  private func add(_ bias: VectorWindow?, to y: Tensor) {
    guard let bias else { return }
    let values = store.stacked(bias)
    for row in 0..<y.shape[0] {
      kk_axpy(y.pointer + row * y.rowStride, values.pointer, y.shape[1], 1)
    }
  }
}
