import Foundation

/// An affine map about the image's centre, from target to source coordinates.
struct ImageWarp {
  /// Source x = xx·x + xy·y + x0, source y = yx·x + yy·y + y0, with the centre as origin.
  var xx: Float = 1
  var xy: Float = 0
  var x0: Float = 0
  var yx: Float = 0
  var yy: Float = 1
  var y0: Float = 0

  static func rotation(degrees: Float) -> ImageWarp {
    let angle = degrees * .pi / 180
    return ImageWarp(xx: cos(angle), xy: sin(angle), yx: -sin(angle), yy: cos(angle))
  }

  static func shearX(_ amount: Float) -> ImageWarp { ImageWarp(xy: amount) }

  static func shearY(_ amount: Float) -> ImageWarp { ImageWarp(yx: amount) }

  /// Moves the image by (`x`, `y`) pixels.
  static func translation(x: Float, y: Float) -> ImageWarp { ImageWarp(x0: -x, y0: -y) }

  /// Bilinear interpolation, black outside.
  ///
  /// Coordinates are 16-bit fixed point along a row and weights have 8 bits, so that a pixel costs
  /// integer steps only.
  func apply(to image: ByteImage, into result: ByteImage) {
    let shape = image.shape
    let (height, width, channels) = (shape.height, shape.width, shape.channels)
    let (centreX, centreY) = (Float(width - 1) / 2, Float(height - 1) / 2)
    let (stepX, stepY) = (Self.fixed(xx), Self.fixed(yx))
    var target = result.bytes
    for y in 0..<height {
      let dy = Float(y) - centreY
      var sourceX = Self.fixed(xx * -centreX + xy * dy + x0 + centreX)
      var sourceY = Self.fixed(yx * -centreX + yy * dy + y0 + centreY)
      for _ in 0..<width {
        Self.sample(image, sourceX >> 8, sourceY >> 8, channels, into: target)
        target += channels
        sourceX += stepX
        sourceY += stepY
      }
    }
  }

  private static func fixed(_ value: Float) -> Int { Int((value * 65536).rounded()) }

  /// One pixel at a position in 1/256 pixels.
  @inline(__always)
  private static func sample(
    _ image: ByteImage, _ x: Int, _ y: Int, _ channels: Int,
    into target: UnsafeMutablePointer<UInt8>
  ) {
    let (height, width) = (image.shape.height, image.shape.width)
    let (left, top, fx, fy) = (x >> 8, y >> 8, x & 255, y & 255)
    if left >= 0, top >= 0, left < width - 1, top < height - 1 {
      let upper = image.bytes + (top * width + left) * channels
      let lower = upper + width * channels
      for c in 0..<channels {
        target[c] = blend(
          Int(upper[c]), Int(upper[channels + c]), Int(lower[c]), Int(lower[channels + c]), fx, fy)
      }
    } else if left < -1 || top < -1 || left >= width || top >= height {
      for c in 0..<channels { target[c] = 0 }
    } else {
      for c in 0..<channels {
        func value(_ x: Int, _ y: Int) -> Int {
          x >= 0 && y >= 0 && x < width && y < height
            ? Int(image.bytes[(y * width + x) * channels + c]) : 0
        }
        target[c] = blend(
          value(left, top), value(left + 1, top), value(left, top + 1), value(left + 1, top + 1),
          fx, fy)
      }
    }
  }

  @inline(__always)
  private static func blend(
    _ a: Int, _ b: Int, _ c: Int, _ d: Int, _ fx: Int, _ fy: Int
  ) -> UInt8 {
    let upper = a &* (256 &- fx) &+ b &* fx
    let lower = c &* (256 &- fx) &+ d &* fx
    return UInt8(truncatingIfNeeded: (upper &* (256 &- fy) &+ lower &* fy &+ 32768) >> 16)
  }
}
