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
  ///   - weight: `[outputs, inputs]`, the same at every call for a layer.
  ///   - layer: The name of the weight, its group of channels included.
  ///   - firstVector: The number of the first vector among all that the layer ever sees: noise that is
  ///     a function of it does not depend on how images are grouped.
  /// - Returns: `[vectors, outputs]`.
  func product(_ x: Tensor, weight: Tensor, layer: String, firstVector: Int) -> Tensor?
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
        input.reshaped([rows, weight.inputs]), weight: store.stacked(weight),
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
    let (inputs, outputs) = (weight.inputs * weight.size * weight.size, weight.outputs / groups)
    let matrix = kernel.contiguous().reshaped([weight.outputs, inputs])
    let result = Tensor(uninitialized: outputShape)
    let positions = outputShape[1] * outputShape[2]
    let name = store.entries[weight.parameter.index].name
    for group in 0..<groups {
      let patches = patches(
        input.channels(group * weight.inputs..<(group + 1) * weight.inputs), size: weight.size,
        stride: stride, outputShape)
      guard
        let y = products.product(
          patches, weight: matrix.prefix(group * outputs..<(group + 1) * outputs),
          layer: groups == 1 ? name : "\(name)[\(group)]", firstVector: firstImage * positions)
      else { return nil }
      for row in 0..<y.shape[0] {
        (result.pointer + row * weight.outputs + group * outputs).update(
          from: y.pointer + row * y.rowStride, count: outputs)
      }
    }
    add(bias, to: result.reshaped([outputShape.rows, weight.outputs]))
    return Variable(constant: result)
  }

  /// `[positions, size · size · channels]`, zero beyond the edges, padding `size / 2`.
  private func patches(_ x: Tensor, size: Int, stride: Int, _ output: Shape) -> Tensor {
    let (height, width, channels) = (x.shape[1], x.shape[2], x.shape[3])
    let result = Tensor(shape: [output[0] * output[1] * output[2], size * size * channels])
    var target = result.pointer
    for image in 0..<output[0] {
      for row in 0..<output[1] {
        for column in 0..<output[2] {
          for i in 0..<size {
            for j in 0..<size {
              let (y, x0) = (row * stride + i - size / 2, column * stride + j - size / 2)
              if (0..<height).contains(y), (0..<width).contains(x0) {
                target.update(
                  from: x.pointer + ((image * height + y) * width + x0) * x.rowStride,
                  count: channels)
              }
              target += channels
            }
          }
        }
      }
    }
    return result
  }

  private func add(_ bias: VectorWindow?, to y: Tensor) {
    guard let bias else { return }
    let values = store.stacked(bias)
    for row in 0..<y.shape[0] {
      let target = y.pointer + row * y.rowStride
      for column in 0..<y.shape[1] { target[column] += values.pointer[column] }
    }
  }
}
