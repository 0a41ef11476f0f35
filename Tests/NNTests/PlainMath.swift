import Autodiff
import Foundation
import Tensor

/// A feature map in double precision with the layers of a network written out as loops: what the
/// layers are compared with.
struct PlainMap {
  /// Batch, height, width, channels.
  var extents: [Int]
  var values: [Double]

  init(_ tensor: Tensor) {
    let shape = tensor.shape.array
    extents = shape.count == 2 ? [shape[0], 1, 1, shape[1]] : shape
    values = tensor.floats.map(Double.init)
  }

  init(_ extents: [Int]) {
    self.extents = extents
    values = [Double](repeating: 0, count: extents.reduce(1, *))
  }

  var channels: Int { extents[3] }
  var rows: Int { values.count / channels }

  subscript(_ b: Int, _ y: Int, _ x: Int, _ c: Int) -> Double {
    get { values[((b * extents[1] + y) * extents[2] + x) * extents[3] + c] }
    set { values[((b * extents[1] + y) * extents[2] + x) * extents[3] + c] = newValue }
  }

  func mapRows(channels: Int, _ body: (ArraySlice<Double>) -> [Double]) -> PlainMap {
    var result = PlainMap(Array(extents.dropLast()) + [channels])
    result.values = (0..<rows).flatMap {
      body(values[$0 * self.channels..<($0 + 1) * self.channels])
    }
    return result
  }

  /// x·Wᵀ + b with the first `outputs` rows and the first columns of `weight`.
  func linear(_ weight: Tensor, _ bias: Tensor? = nil, outputs: Int? = nil) -> PlainMap {
    let outputs = outputs ?? weight.shape[0]
    return mapRows(channels: outputs) { row in
      (0..<outputs).map { o in
        row.enumerated().reduce(Double(bias?[o] ?? 0)) {
          $0 + $1.element * Double(weight[o, $1.offset])
        }
      }
    }
  }

  /// A convolution with padding size/2; `tap` gives the weight of an output, a tap and an input.
  func convolution(
    outputs: Int, size: Int, stride: Int,
    _ tap: (_ o: Int, _ dy: Int, _ dx: Int, _ i: Int) -> Double
  ) -> PlainMap {
    var result = PlainMap([
      extents[0], (extents[1] + stride - 1) / stride, (extents[2] + stride - 1) / stride, outputs,
    ])
    for b in 0..<extents[0] {
      for y in 0..<result.extents[1] {
        for x in 0..<result.extents[2] {
          for o in 0..<outputs {
            var sum = 0.0
            for dy in 0..<size {
              for dx in 0..<size {
                let (row, column) = (y * stride + dy - size / 2, x * stride + dx - size / 2)
                guard row >= 0, row < extents[1], column >= 0, column < extents[2] else { continue }
                for i in 0..<channels {
                  let weight = tap(o, dy, dx, i)
                  if weight != 0 { sum += weight * self[b, row, column, i] }
                }
              }
            }
            result[b, y, x, o] = sum
          }
        }
      }
    }
    return result
  }

  /// The centre `size × size` taps of a depthwise kernel `[k, k, channels]`.
  func depthwise(_ weight: Tensor, size: Int, stride: Int) -> PlainMap {
    let crop = (weight.shape[0] - size) / 2
    return convolution(outputs: channels, size: size, stride: stride) { o, dy, dx, i in
      o == i ? Double(weight[dy + crop, dx + crop, i]) : 0
    }
  }

  /// Batch norm with the statistics of this map.
  func batchNorm(_ gamma: Tensor, _ beta: Tensor) -> PlainMap {
    var result = self
    for c in 0..<channels {
      let column = stride(from: c, to: values.count, by: channels)
      let mean = column.reduce(0) { $0 + values[$1] } / Double(rows)
      let variance =
        column.reduce(0) { $0 + (values[$1] - mean) * (values[$1] - mean) }
        / Double(rows)
      for i in column {
        result.values[i] =
          (values[i] - mean) / (variance + 1e-5).squareRoot() * Double(gamma[c]) + Double(beta[c])
      }
    }
    return result
  }

  /// Layer norm over the channels of a token, or over a whole sample.
  func layerNorm(_ gamma: Tensor, _ beta: Tensor, joint: Bool) -> PlainMap {
    var result = self
    let size = joint ? values.count / extents[0] : channels
    for start in stride(from: 0, to: values.count, by: size) {
      let part = values[start..<start + size]
      let mean = part.reduce(0, +) / Double(size)
      let variance = part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(size)
      for i in start..<start + size {
        let c = i % channels
        result.values[i] =
          (values[i] - mean) / (variance + 1e-5).squareRoot() * Double(gamma[c]) + Double(beta[c])
      }
    }
    return result
  }

  func activated(_ function: ActivationFunction) -> PlainMap {
    var result = self
    result.values = values.map { plainActivation(function, $0) }
    return result
  }

  /// The mean over positions, `[batch, 1, 1, channels]`.
  var pooled: PlainMap {
    var result = PlainMap([extents[0], 1, 1, channels])
    let pixels = extents[1] * extents[2]
    for row in 0..<rows {
      for c in 0..<channels {
        result.values[row / pixels * channels + c] += values[row * channels + c] / Double(pixels)
      }
    }
    return result
  }

  static func + (a: PlainMap, b: PlainMap) -> PlainMap {
    precondition(a.extents == b.extents)
    var result = a
    for i in result.values.indices { result.values[i] += b.values[i] }
    return result
  }

  /// Each channel times a factor.
  func scaled(_ factors: [Double]) -> PlainMap {
    var result = self
    for i in values.indices { result.values[i] *= factors[i % channels] }
    return result
  }

  /// The largest difference over the largest element.
  func difference(_ tensor: Tensor) -> Double {
    guard tensor.shape.count == values.count else { return .infinity }
    let size = values.reduce(1e-30) { max($0, abs($1)) }
    return zip(tensor.floats, values).reduce(0) { max($0, abs(Double($1.0) - $1.1)) } / size
  }
}

/// The activation functions by their definitions.
func plainActivation(_ function: ActivationFunction, _ x: Double) -> Double {
  switch function {
  case .identity: x
  case .relu: max(x, 0)
  case .hardSwish: x * min(max(x + 3, 0), 6) / 6
  case .swish: x / (1 + exp(-x))
  case .gelu: x * 0.5 * erfc(-x / 2.0.squareRoot())
  case .sigmoid: 1 / (1 + exp(-x))
  case .tanh: Foundation.tanh(x)
  case .hardSigmoid: min(max(x + 3, 0), 6) / 6
  case .geluTanh:
    0.5 * x * (1 + Foundation.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }
}
