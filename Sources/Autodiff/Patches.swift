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
    let (channels, taps, pixelStride) = (channels, taps, images.rowStride)
    // Pointers are taken once: in the loops each would count references.
    let (source, target) = (images.pointer, result.pointer)
    forEachRun(pixelStride) { vector, pixel, run in
      let (from, to) = (source + pixel, target + vector)
      for channel in 0..<channels {
        for tap in 0..<run { to[channel * taps + tap] = from[tap * pixelStride + channel] }
      }
    }
    return withExtendedLifetime(images) { result }
  }

  /// The sums of patches where they came from: `[batch, height, width, channels]`.
  package func scattered(_ patches: Tensor) -> Tensor {
    let result = Tensor(shape: [batch, height, width, channels])
    let (channels, taps) = (channels, taps)
    let (source, target) = (patches.pointer, result.pointer)
    forEachRun(channels) { vector, pixel, run in
      let (from, to) = (source + vector, target + pixel)
      for tap in 0..<run {
        for channel in 0..<channels { to[tap * channels + channel] += from[channel * taps + tap] }
      }
    }
    return withExtendedLifetime(patches) { result }
  }

  /// Calls with the place of the first tap of a row of taps of channel 0 in the patches, that of its
  /// pixel in the images, and how many taps of the row lie in the image: image by image in parallel.
  private func forEachRun(
    _ pixelStride: Int, _ body: (_ vector: Int, _ pixel: Int, _ run: Int) -> Void
  ) {
    parallelFor(batch) { image in
      for y in 0..<outputHeight {
        for x in 0..<outputWidth {
          let patch = (image * outputHeight + y) * outputWidth + x
          let left = x * stride - padding
          let first = max(0, -left)
          let run = min(kernel, width - left) - first
          guard run > 0 else { continue }
          for tapRow in 0..<kernel {
            let row = y * stride - padding + tapRow
            guard row >= 0, row < height else { continue }
            let pixel = (image * height + row) * width + left + first
            body(patch * size + tapRow * kernel + first, pixel * pixelStride, run)
          }
        }
      }
    }
  }
}
