import CKernels
import Runtime
import Tensor

extension ProgrammedPlane {
  /// The matrix of one read in which every device has its own draw.
  func drawn(_ stream: RandomStream, from begin: Int = 0) -> Tensor {
    guard let variance else { return mean }
    let result = mean.copy()
    let deviations = variance.copy()
    let count = variance.shape.count
    kk_noise_deviation(deviations.pointer, deviations.pointer, 0, count)
    kk_random_add_gaussian_each(
      result.pointer, result.pointer, deviations.pointer, stream.seed, stream.stream,
      UInt64(begin), count)
    return result
  }

  /// Every vector read with draws of its own for every device.
  func literal(_ x: Tensor, _ stream: RandomStream, _ firstVector: Int) -> Tensor {
    let (batch, columns) = (x.shape[0], mean.shape[1])
    let result = Tensor(shape: [batch, columns])
    for row in 0..<batch {
      let matrix = drawn(stream, from: (firstVector + row) * mean.shape.count)
      let product = matmul(x.prefix(row..<row + 1), matrix)
      (result.pointer + row * columns).update(from: product.pointer, count: columns)
    }
    return result
  }
}
