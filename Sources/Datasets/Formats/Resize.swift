/// Resizing of byte images.
package enum Resize {
  /// Weights of the source positions that one target position sums, a triangle filter.
  private struct Taps {
    var first: Int
    var weights: [Float]
  }

  /// Bilinear resizing, antialiased where it shrinks (the filter widens with the scale, as Pillow
  /// does), from `[h, w, c]` to `[target.height, target.width, c]`.
  package static func bilinear(
    _ source: UnsafePointer<UInt8>, _ shape: ImageShape, to target: ImageShape,
    into result: UnsafeMutablePointer<UInt8>
  ) {
    precondition(shape.channels == target.channels, "Resize: \(shape) to \(target)")
    let channels = shape.channels
    let columns = taps(from: shape.width, to: target.width)
    let rows = taps(from: shape.height, to: target.height)
    var narrowed = [Float](repeating: 0, count: shape.height * target.width * channels)
    for y in 0..<shape.height {
      for x in 0..<target.width {
        for channel in 0..<channels {
          var sum: Float = 0
          for (k, weight) in columns[x].weights.enumerated() {
            let from = (y * shape.width + columns[x].first + k) * channels + channel
            sum += weight * Float(source[from])
          }
          narrowed[(y * target.width + x) * channels + channel] = sum
        }
      }
    }
    let rowLength = target.width * channels
    for y in 0..<target.height {
      for i in 0..<rowLength {
        var sum: Float = 0
        for (k, weight) in rows[y].weights.enumerated() {
          sum += weight * narrowed[(rows[y].first + k) * rowLength + i]
        }
        result[y * rowLength + i] = UInt8(min(max(sum + 0.5, 0), 255))
      }
    }
  }

  private static func taps(from size: Int, to target: Int) -> [Taps] {
    let scale = Float(size) / Float(target)
    let support = max(scale, 1)
    return (0..<target).map { position in
      let centre = (Float(position) + 0.5) * scale
      let first = max(Int((centre - support).rounded(.down)), 0)
      let last = min(Int((centre + support).rounded(.up)), size)
      var weights = (first..<last).map { max(0, 1 - abs((Float($0) + 0.5 - centre) / support)) }
      let total = weights.reduce(0, +)
      for k in weights.indices { weights[k] /= total }
      return Taps(first: first, weights: weights)
    }
  }
}
