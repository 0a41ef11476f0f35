import Runtime
import Tensor

/// The patches that a convolution without padding sees, as vectors for arrays.
struct Patches {
  let batch: Int
  let height: Int
  let width: Int
  let channels: Int
  let kernel: Int

  /// Of images `[batch, height, width, channels]`; a linear layer is a kernel of 1 on side 1.
  init(of shape: Shape, kernel: Int) {
    (batch, height, width, channels) = (shape[0], shape[1], shape[2], shape[3])
    self.kernel = kernel
  }

  var outputHeight: Int { height - kernel + 1 }
  var outputWidth: Int { width - kernel + 1 }
  /// Floats of a patch, the channels of a tap together.
  var size: Int { kernel * kernel * channels }
  private var positions: Int { outputHeight * outputWidth }

  /// `[batch · positions, size]`.
  func gathered(_ images: Tensor) -> Tensor {
    if kernel == 1 { return images.reshaped([batch * positions, channels]) }
    let result = Tensor(uninitialized: [batch * positions, size])
    let run = kernel * channels
    parallelFor(batch) { image in
      forEachRow(image) { patch, row, source in
        (result.pointer + patch * size + row * run).update(
          from: images.pointer + source, count: run)
      }
    }
    return result
  }

  /// The sum of patches where they came from: `[batch, height, width, channels]`.
  func scattered(_ patches: Tensor) -> Tensor {
    let shape: Shape = [batch, height, width, channels]
    if kernel == 1 { return patches.reshaped(shape) }
    let result = Tensor(shape: shape)
    let run = kernel * channels
    parallelFor(batch) { image in
      forEachRow(image) { patch, row, target in
        let (from, to) = (patches.pointer + patch * size + row * run, result.pointer + target)
        for index in 0..<run { to[index] += from[index] }
      }
    }
    return result
  }

  /// Calls with the number of a patch, a row of its kernel, and where that row begins in the images.
  private func forEachRow(_ image: Int, _ body: (_ patch: Int, _ row: Int, _ place: Int) -> Void) {
    for y in 0..<outputHeight {
      for x in 0..<outputWidth {
        let patch = (image * outputHeight + y) * outputWidth + x
        for row in 0..<kernel {
          body(patch, row, ((image * height + y + row) * width + x) * channels)
        }
      }
    }
  }
}
