import Runtime
import Tensor

/// The patches that a convolution sees, as vectors: all taps of a channel together, so that an array
/// of memory devices holds whole kernels.
package struct Patches {
  /// Of the result: `[batch, outputHeight, outputWidth]`.
  package let outputHeight: Int
  package let outputWidth: Int
  private let batch: Int
  private let height: Int
  private let width: Int
  private let channels: Int
  private let kernel: Int
  private let stride: Int
  private let padding: Int

  /// Of images `[batch, height, width, channels]`.
  package init(of shape: Shape, kernel: Int, stride: Int = 1, padding: Int = 0) {
    (batch, height, width, channels) = (shape[0], shape[1], shape[2], shape[3])
    (self.kernel, self.stride, self.padding) = (kernel, stride, padding)
    outputHeight = (height + 2 * padding - kernel) / stride + 1
    outputWidth = (width + 2 * padding - kernel) / stride + 1
  }

  /// Patches of all images.
  package var count: Int { batch * outputHeight * outputWidth }
  private var taps: Int { kernel * kernel }
  private var size: Int { taps * channels }

  /// `[count, channels · taps]`, zero beyond the edges.
  package func gathered(_ images: Tensor) -> Tensor {
    let result = Tensor(shape: [count, size])
    forEachTap(images.rowStride) { vector, pixel in
      let (from, to) = (images.pointer + pixel, result.pointer + vector)
      for channel in 0..<channels { to[channel * taps] = from[channel] }
    }
    return result
  }

  /// The sums of patches where they came from: `[batch, height, width, channels]`.
  package func scattered(_ patches: Tensor) -> Tensor {
    let result = Tensor(shape: [batch, height, width, channels])
    forEachTap(channels) { vector, pixel in
      let (from, to) = (patches.pointer + vector, result.pointer + pixel)
      for channel in 0..<channels { to[channel] += from[channel * taps] }
    }
    return result
  }

  /// Calls with the place of a tap of channel 0 in the patches, and of its pixel in the images: image by
  /// image in parallel.
  private func forEachTap(_ pixelStride: Int, _ body: (_ vector: Int, _ pixel: Int) -> Void) {
    parallelFor(batch) { image in
      for y in 0..<outputHeight {
        for x in 0..<outputWidth {
          let patch = (image * outputHeight + y) * outputWidth + x
          for tap in 0..<taps {
            let row = y * stride + tap / kernel - padding
            let column = x * stride + tap % kernel - padding
            guard row >= 0, row < height, column >= 0, column < width else { continue }
            body(patch * size + tap, ((image * height + row) * width + column) * pixelStride)
          }
        }
      }
    }
  }
}
