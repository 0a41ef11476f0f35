/// Operations that map each value by a table of 256 entries.
enum ByteTables {
  static func brightness(_ image: ByteImage, factor: Float) {
    map(image) { Float($0) * factor }
  }

  /// About the mean grey, as Pillow's `ImageEnhance.Contrast`.
  static func contrast(_ image: ByteImage, factor: Float) {
    let mean = ImageFilters.meanGrey(image)
    map(image) { mean + (Float($0) - mean) * factor }
  }

  static func posterize(_ image: ByteImage, bits: Int) {
    let mask = UInt8(truncatingIfNeeded: 0xff00 >> max(0, min(8, bits)))
    map(image) { Float($0 & mask) }
  }

  static func solarize(_ image: ByteImage, threshold: Float) {
    map(image) { Float($0) >= threshold ? Float(255 - $0) : Float($0) }
  }

  /// Each channel's smallest value to 0 and largest to 255.
  static func autoContrast(_ image: ByteImage) {
    for channel in 0..<image.shape.channels {
      var (low, high): (UInt8, UInt8) = (255, 0)
      forEachIndex(image, channel) { i in
        low = min(low, image.bytes[i])
        high = max(high, image.bytes[i])
      }
      guard high > low else { continue }
      let scale = 255 / Float(high - low)
      let from = Float(low)
      map(image, channel) { (Float($0) - from) * scale }
    }
  }

  /// Each channel's histogram flattened, as Pillow's `ImageOps.equalize`.
  static func equalize(_ image: ByteImage) {
    for channel in 0..<image.shape.channels {
      withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { histogram in
        histogram.initialize(repeating: 0)
        forEachIndex(image, channel) { histogram[Int(image.bytes[$0])] += 1 }
        let last = histogram.lastIndex { $0 > 0 }!
        let step = (image.shape.height * image.shape.width - histogram[last]) / 255
        guard step > 0 else { return }
        var sum = step / 2
        for value in 0..<256 {
          let count = histogram[value]
          histogram[value] = min(sum / step, 255)
          sum += count
        }
        forEachIndex(image, channel) {
          image.bytes[$0] = UInt8(truncatingIfNeeded: histogram[Int(image.bytes[$0])])
        }
      }
    }
  }

  @inline(__always)
  private static func forEachIndex(_ image: ByteImage, _ channel: Int, _ body: (Int) -> Void) {
    for i in stride(from: channel, to: image.shape.count, by: image.shape.channels) { body(i) }
  }

  /// Maps one channel, or all alike.
  @inline(__always)
  private static func map(
    _ image: ByteImage, _ channel: Int? = nil, _ function: (UInt8) -> Float
  ) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { table in
      for value in 0..<256 {
        table[value] = UInt8(min(max(function(UInt8(value)) + 0.5, 0), 255))
      }
      if let channel {
        forEachIndex(image, channel) { image.bytes[$0] = table[Int(image.bytes[$0])] }
      } else {
        for i in 0..<image.shape.count { image.bytes[i] = table[Int(image.bytes[i])] }
      }
    }
  }
}
