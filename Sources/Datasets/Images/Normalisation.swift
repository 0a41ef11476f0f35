/// Per-channel mean and standard deviation: the network sees (value − mean) / deviation.
///
/// Bytes count as value / 255; a table's features as they are.
public struct Normalisation: Codable, Hashable, Sendable {
  /// One mean a channel.
  public var mean: [Float]
  /// One positive standard deviation a channel.
  public var deviation: [Float]

  /// Given values.
  public init(mean: [Float], deviation: [Float]) {
    precondition(
      mean.count == deviation.count && deviation.allSatisfy { $0 > 0 },
      "Normalisation: means \(mean), deviations \(deviation)")
    self.mean = mean
    self.deviation = deviation
  }

  /// Mean 0 and deviation 1: bytes become 0…1.
  public static func identity(channels: Int) -> Normalisation {
    Normalisation(
      mean: [Float](repeating: 0, count: channels),
      deviation: [Float](repeating: 1, count: channels))
  }

  /// Measured over all samples and pixels of `dataset` (the training set, as a rule).
  ///
  /// Bytes are summed as integers: exact, and the same on every machine. A constant channel gets
  /// deviation 1.
  ///
  /// - Throws: `KirchhoffError` where an image file cannot be decoded.
  public init(measuredOn dataset: ImageDataset) throws {
    let channels = dataset.shape.channels
    let pixelCount = Double(dataset.count * dataset.shape.height * dataset.shape.width)
    var mean = [Float](repeating: 0, count: channels)
    var deviation = [Float](repeating: 1, count: channels)
    func finish(_ channel: Int, _ average: Double, _ variance: Double) {
      mean[channel] = Float(average)
      let root = variance.squareRoot()
      deviation[channel] = root > 1e-6 ? Float(root) : 1
    }
    guard dataset.count > 0 else {
      self.init(mean: mean, deviation: deviation)
      return
    }
    if case .floats(let values) = dataset.pixels {
      for channel in 0..<channels {
        var (sum, squares) = (0.0, 0.0)
        Self.forEachValue(dataset, values, channel) { sum += $0 }
        let average = sum / pixelCount
        // Second pass about the mean: features may lie far from zero.
        Self.forEachValue(dataset, values, channel) { squares += ($0 - average) * ($0 - average) }
        finish(channel, average, squares / pixelCount)
      }
    } else {
      let (sums, squares) = try Self.byteSums(dataset)
      for channel in 0..<channels {
        let average = Double(sums[channel]) / pixelCount
        let variance = max(Double(squares[channel]) / pixelCount - average * average, 0)
        finish(channel, average / 255, variance / (255 * 255))
      }
    }
    self.init(mean: mean, deviation: deviation)
  }

  private static func forEachValue(
    _ dataset: ImageDataset, _ values: [Float], _ channel: Int, _ body: (Double) -> Void
  ) {
    let (size, channels) = (dataset.shape.count, dataset.shape.channels)
    for sample in dataset.sampleIndices {
      for i in stride(from: channel, to: size, by: channels) {
        body(Double(values[Int(sample) * size + i]))
      }
    }
  }

  private static func byteSums(_ dataset: ImageDataset) throws -> (
    sums: [UInt64], squares: [UInt64]
  ) {
    let shape = dataset.shape
    var sums = [UInt64](repeating: 0, count: shape.channels)
    var squares = sums
    let scratch = UnsafeMutablePointer<UInt8>.allocate(capacity: shape.count)
    defer { scratch.deallocate() }
    for sample in dataset.sampleIndices {
      try dataset.pixels.withBytes(of: Int(sample), shape: shape, scratch: scratch) { bytes in
        for channel in 0..<shape.channels {
          var (sum, square): (UInt64, UInt64) = (0, 0)
          for i in stride(from: channel, to: shape.count, by: shape.channels) {
            let value = UInt64(bytes[i])
            sum &+= value
            square &+= value &* value
          }
          sums[channel] += sum
          squares[channel] += square
        }
      }
    }
    return (sums, squares)
  }
}
