import CKernels
import Runtime
import Tensor

/// The patches that a convolution sees, as vectors: all taps of a channel together, so that an array
/// of memory devices holds whole kernels.
package struct Patches {
  /// Patches along an image's height.
  package var outputHeight: Int { geometry.output_height }
  /// Patches along an image's width.
  package var outputWidth: Int { geometry.output_width }
  private let batch: Int
  private let geometry: kk_patch_shape

  /// Of images `[batch, height, width, channels]`.
  package init(of shape: Shape, kernel: Int, stride: Int = 1, padding: Int = 0) {
    batch = shape[0]
    geometry = kk_patch_shape(
      height: shape[1], width: shape[2], channels: shape[3], kernel: kernel, stride: stride,
      padding: padding, output_height: (shape[1] + 2 * padding - kernel) / stride + 1,
      output_width: (shape[2] + 2 * padding - kernel) / stride + 1)
  }

  /// Patches of all images.
  package var count: Int { batch * positions }
  private var positions: Int { outputHeight * outputWidth }
  private var size: Int { geometry.kernel * geometry.kernel * geometry.channels }
  private var pixels: Int { geometry.height * geometry.width }
  /// Whether every pixel is a patch: a linear layer.
  private var areImages: Bool {
    geometry.kernel == 1 && geometry.stride == 1 && geometry.padding == 0
  }

  /// `[count, channels · taps]`, zero beyond the edges.
  package func gathered(_ images: Tensor) -> Tensor {
    if areImages { return images.contiguous().reshaped([count, size]) }
    let result = Tensor(uninitialized: [count, size])
    let (source, target, stride) = (images.pointer, result.pointer, images.rowStride)
    let (size, positions, pixels) = (size, positions, pixels)
    parallelFor(batch) { image in
      withScratch { scratch, geometry in
        kk_patches_gather(
          target + image * positions * size, source + image * pixels * stride, stride, scratch,
          geometry)
      }
    }
    return withExtendedLifetime(images) { result }
  }

  /// The sums of patches where they came from: `[batch, height, width, channels]`.
  package func scattered(_ patches: Tensor) -> Tensor {
    let channels = geometry.channels
    let shape: Shape = [batch, geometry.height, geometry.width, channels]
    if areImages { return patches.contiguous().reshaped(shape) }
    let result = Tensor(uninitialized: shape)
    let (source, target) = (patches.pointer, result.pointer)
    let (size, positions, pixels) = (size, positions, pixels)
    parallelFor(batch) { image in
      withScratch { scratch, geometry in
        kk_patches_scatter(
          target + image * pixels * channels, source + image * positions * size, scratch, geometry)
      }
    }
    return withExtendedLifetime(patches) { result }
  }

  private func withScratch(
    _ body: (UnsafeMutablePointer<Float>, UnsafePointer<kk_patch_shape>) -> Void
  ) {
    withUnsafePointer(to: geometry) { geometry in
      let scratch = PooledMemory(count: kk_patches_scratch(geometry))
      body(scratch.floats, geometry)
      withExtendedLifetime(scratch) {}
    }
  }
}
