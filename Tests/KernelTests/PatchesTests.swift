import CKernels
import Testing

@Suite("Patches")
struct PatchesTests {
  private struct Case {
    let shape: kk_patch_shape
    let image: [Float]
    let pixelStride: Int

    /// The taps beyond the memory of the result that have to stay as they are.
    static let guardValue: Float = -77

    init(
      side: Int, channels: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
      pixelStride: Int? = nil
    ) {
      let output = (side + 2 * padding - kernel) / stride + 1
      let width = side + 1
      shape = kk_patch_shape(
        height: side, width: width, channels: channels, kernel: kernel, stride: stride,
        padding: padding, output_height: output,
        output_width: (width + 2 * padding - kernel) / stride + 1)
      self.pixelStride = pixelStride ?? channels
      image = (0..<side * width * self.pixelStride).map { Float($0 % 251) + 1 }
    }

    var count: Int { shape.output_height * shape.output_width * shape.channels * taps }
    private var taps: Int { shape.kernel * shape.kernel }

    /// For every tap of every patch its index in the image, nil beyond the edges.
    var sources: [Int?] {
      var sources: [Int?] = []
      for y in 0..<shape.output_height {
        for x in 0..<shape.output_width {
          for channel in 0..<shape.channels {
            for tap in 0..<taps {
              let row = y * shape.stride - shape.padding + tap / shape.kernel
              let column = x * shape.stride - shape.padding + tap % shape.kernel
              let isInside = (0..<shape.height) ~= row && (0..<shape.width) ~= column
              sources.append(isInside ? (row * shape.width + column) * pixelStride + channel : nil)
            }
          }
        }
      }
      return sources
    }
  }

  private static let cases = [
    Case(side: 6, channels: 1, kernel: 5), Case(side: 7, channels: 3, kernel: 3, padding: 1),
    Case(side: 9, channels: 17, kernel: 5, stride: 2, padding: 2),
    Case(side: 4, channels: 2, kernel: 1, pixelStride: 5), Case(side: 11, channels: 2, kernel: 9),
    Case(side: 8, channels: 1, kernel: 8), Case(side: 3, channels: 1, kernel: 3),
  ]

  @Test(
    "Every tap is the pixel under it, and nothing beyond the last patch is touched",
    arguments: 0..<7)
  func gathers(number: Int) {
    let item = Self.cases[number]
    var shape = item.shape
    var scratch = [Float](repeating: .nan, count: kk_patches_scratch(&shape))
    var patches = [Float](repeating: Case.guardValue, count: item.count + 8)
    kk_patches_gather(&patches, item.image, item.pixelStride, &scratch, &shape)
    #expect(
      Array(patches.prefix(item.count)) == item.sources.map { $0.map { item.image[$0] } ?? 0 })
    #expect(patches.suffix(8).allSatisfy { $0 == Case.guardValue })
  }

  @Test("Every pixel gets the sum of the taps that came from it", arguments: 0..<7)
  func scatters(number: Int) {
    let item = Self.cases[number]
    var shape = item.shape
    let patches = (0..<item.count).map { Float($0 % 13) - 4 }
    var expected = [Float](
      repeating: 0, count: item.shape.height * item.shape.width * item.pixelStride)
    for (source, value) in zip(item.sources, patches) {
      if let source { expected[source] += value }
    }
    // Images are written without gaps between pixels.
    let pixels = (0..<item.shape.height * item.shape.width).flatMap { pixel in
      (0..<item.shape.channels).map { expected[pixel * item.pixelStride + $0] }
    }
    var scratch = [Float](repeating: .nan, count: kk_patches_scratch(&shape))
    var image = [Float](repeating: .nan, count: pixels.count)
    kk_patches_scatter(&image, patches, &scratch, &shape)
    #expect(image == pixels)
  }
}
