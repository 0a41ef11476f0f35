/// Operations that need neighbours or all channels of a pixel.
enum ImageFilters {
  /// ITU-R 601 luma of a pixel of three channels.
  @inline(__always)
  private static func luma(_ pixel: UnsafePointer<UInt8>) -> Float {
    0.299 * Float(pixel[0]) + 0.587 * Float(pixel[1]) + 0.114 * Float(pixel[2])
  }

  /// Mean over the image of its grey version.
  static func meanGrey(_ image: ByteImage) -> Float {
    let pixels = image.shape.height * image.shape.width
    if image.shape.channels == 3 {
      var sum: Float = 0
      for p in 0..<pixels { sum += luma(image.bytes + 3 * p) }
      return sum / Float(pixels)
    }
    var sum = 0
    for i in 0..<image.shape.count { sum += Int(image.bytes[i]) }
    return Float(sum) / Float(image.shape.count)
  }

  /// Blends with the grey image; nothing happens to images that are not red-green-blue.
  static func saturation(_ image: ByteImage, factor: Float) {
    guard image.shape.channels == 3 else { return }
    for p in 0..<image.shape.height * image.shape.width {
      let pixel = image.bytes + 3 * p
      let grey = luma(pixel)
      for channel in 0..<3 {
        pixel[channel] = clamped(grey + (Float(pixel[channel]) - grey) * factor)
      }
    }
  }

  /// Blends with the image smoothed by the kernel (1 1 1, 1 5 1, 1 1 1) / 13, as Pillow's
  /// `ImageEnhance.Sharpness`; the border stays as it is.
  static func sharpness(_ image: ByteImage, factor: Float, into result: ByteImage) {
    let (height, width, channels) = (image.shape.height, image.shape.width, image.shape.channels)
    let row = width * channels
    result.bytes.update(from: image.bytes, count: image.shape.count)
    guard height > 2, width > 2 else { return }
    for y in 1..<height - 1 {
      let line = image.bytes + y * row
      for i in channels..<row - channels {
        var sum = 4 * Int32(line[i])
        for dy in [-row, 0, row] {
          sum +=
            Int32(line[i + dy - channels]) + Int32(line[i + dy]) + Int32(line[i + dy + channels])
        }
        let smooth = Float(sum) / 13
        result.bytes[y * row + i] = clamped(smooth + (Float(line[i]) - smooth) * factor)
      }
    }
  }

  @inline(__always)
  static func clamped(_ value: Float) -> UInt8 { UInt8(min(max(value + 0.5, 0), 255)) }
}
