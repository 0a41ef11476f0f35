/// An image of bytes `[h, w, c]` in somebody else's memory.
package struct ByteImage {
  package var bytes: UnsafeMutablePointer<UInt8>
  package var shape: ImageShape

  package init(bytes: UnsafeMutablePointer<UInt8>, shape: ImageShape) {
    self.bytes = bytes
    self.shape = shape
  }

  /// Copies `source` moved by (`dx`, `dy`) pixels, then mirrored left to right if `mirror`.
  ///
  /// Target (y, x) shows source (y − dy, x − dx); outside lies `padding`.
  package func copy(
    from source: UnsafePointer<UInt8>, dx: Int, dy: Int, mirror: Bool,
    padding: Augmentation.Padding
  ) {
    let (height, width, channels) = (shape.height, shape.width, shape.channels)
    let row = width * channels
    for y in 0..<height {
      let target = bytes + y * row
      var sourceY = y - dy
      if sourceY < 0 || sourceY >= height {
        guard padding == .reflect else {
          target.update(repeating: 0, count: row)
          continue
        }
        sourceY = Self.reflected(sourceY, height)
      }
      let line = source + sourceY * row
      let begin = max(0, dx)
      let end = max(begin, min(width, width + dx))
      if padding == .zero {
        target.update(repeating: 0, count: begin * channels)
        (target + end * channels).update(repeating: 0, count: (width - end) * channels)
      } else {
        for x in 0..<begin { copyPixel(target, x, line, Self.reflected(x - dx, width)) }
        for x in end..<width { copyPixel(target, x, line, Self.reflected(x - dx, width)) }
      }
      (target + begin * channels).update(
        from: line + (begin - dx) * channels, count: (end - begin) * channels)
      if mirror { reverse(target) }
    }
  }

  /// Reflection about the border pixel, which does not repeat.
  private static func reflected(_ position: Int, _ size: Int) -> Int {
    position < 0 ? -position : position >= size ? 2 * (size - 1) - position : position
  }

  @inline(__always)
  private func copyPixel(
    _ target: UnsafeMutablePointer<UInt8>, _ to: Int, _ line: UnsafePointer<UInt8>, _ from: Int
  ) {
    for channel in 0..<shape.channels {
      target[to * shape.channels + channel] = line[from * shape.channels + channel]
    }
  }

  private func reverse(_ line: UnsafeMutablePointer<UInt8>) {
    let channels = shape.channels
    var (left, right) = (0, (shape.width - 1) * channels)
    while left < right {
      for channel in 0..<channels {
        let held = line[left + channel]
        line[left + channel] = line[right + channel]
        line[right + channel] = held
      }
      left += channels
      right -= channels
    }
  }
}
