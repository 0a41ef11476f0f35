import CKernels
import Runtime
import Tensor

extension ProgrammedPlane {
  /// The devices as all vectors of a call read them; nil where each vector has a draw of its own.
  func shared(_ stream: RandomStream, _ firstVector: Int, _ noise: ReadNoise) -> PackedMatrix? {
    let devices = stream.derived("devices")
    return switch noise {
    case .none, .perRead, .literal: nil
    case .frozen: PackedMatrix(drawn(devices))
    case .perCall: PackedMatrix(drawn(devices.derived(UInt64(firstVector))))
    }
  }

  /// The matrix of one read in which every device has its own draw.
  ///
  /// - Parameter vector: Which read of the stream's.
  func drawn(_ stream: RandomStream, vector: Int = 0) -> Tensor {
    if variance == nil, deviations == nil { return mean.matrix }
    let result = mean.matrix.copy()
    if let variance {
      let spread = variance.matrix.copy()
      let count = spread.shape.count
      kk_noise_deviation(spread.pointer, spread.pointer, 0, count)
      kk_random_add_gaussian_each(
        result.pointer, result.pointer, spread.pointer, stream.seed, stream.stream,
        UInt64(vector * count), count)
    }
    if let deviations {
      let target = result.pointer
      for (index, value) in deviations.drawn(stream, vector: vector).enumerated() {
        target[index] += value
      }
    }
    return result
  }

  /// Every vector read with draws of its own for every device.
  func literal(_ x: Tensor, _ stream: RandomStream, _ firstVector: Int) -> Tensor {
    if variance == nil, deviations == nil { return mean.multiplied(by: x) }
    let (batch, columns) = (x.shape[0], mean.matrix.shape[1])
    let result = Tensor(shape: [batch, columns])
    for row in 0..<batch {
      let matrix = drawn(stream, vector: firstVector + row)
      let product = matmul(x.prefix(row..<row + 1), matrix)
      (result.pointer + row * columns).update(from: product.pointer, count: columns)
    }
    return result
  }

  /// The mean currents of vectors: a product, or arrays of both signs behind the lines of a surrogate.
  func currents(_ x: Tensor) -> Tensor {
    guard let learned else { return mean.multiplied(by: x) }
    let currents = Tensor(shape: [x.shape[0], mean.matrix.shape[1]])
    for array in learned { array.add(x, to: currents) }
    return currents
  }
}
