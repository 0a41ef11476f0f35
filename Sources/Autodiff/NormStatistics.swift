import Tensor

/// A handle on the statistics of one batch norm.
public struct NormSlot: Hashable, Sendable {
  /// The first channel in the flat statistics.
  public let offset: Int
  /// Channels at the largest.
  public let channels: Int

  /// Channels `offset ..< offset + channels` of the statistics.
  public init(offset: Int, channels: Int) {
    self.offset = offset
    self.channels = channels
  }
}

/// How batch statistics of calibration become the statistics of inference.
///
/// The three conventions in use differ; a result has to name its own.
public enum CalibrationConvention: String, Sendable, Codable, CaseIterable {
  /// Mean over batches of batch means and of *unbiased* batch variances, each batch counting one
  /// (US-Nets, AttentiveNAS, NASViT).
  case cumulative
  /// Sample-weighted mean over batches of batch means and of *biased* batch variances (OFA).
  case sampleWeightedBiased = "sample-weighted-biased"
  /// Sample-weighted mean over batches of batch means and of *unbiased* variances (MMRazor).
  case sampleWeightedUnbiased = "sample-weighted-unbiased"
}

/// Means and variances of all batch norms of a network, flat, at their largest widths.
///
/// A supernet keeps one per calibrated subnet; training keeps running averages in its own.
public final class NormStatistics {
  /// Means, one per channel of every slot.
  public internal(set) var means: [Float]
  /// Variances.
  public internal(set) var variances: [Float]
  /// The running average's weight of a new batch: 0 keeps the averages as they are.
  public let momentum: Float

  private var sumOfMeans: [Double] = []
  private var sumOfVariances: [Double] = []
  private var weights: [Double] = []
  private var convention = CalibrationConvention.cumulative

  /// Zero means and unit variances for norms with `channels` channels in all.
  public init(channels: Int, momentum: Float = 0) {
    means = [Float](repeating: 0, count: channels)
    variances = [Float](repeating: 1, count: channels)
    self.momentum = momentum
  }

  /// Starts gathering batch statistics anew.
  public func beginCalibration(_ convention: CalibrationConvention) {
    self.convention = convention
    sumOfMeans = [Double](repeating: 0, count: means.count)
    sumOfVariances = sumOfMeans
    weights = sumOfMeans
  }

  /// Turns what was gathered into means and variances; norms that saw no batch keep theirs.
  public func endCalibration() {
    for channel in means.indices where weights[channel] > 0 {
      means[channel] = Float(sumOfMeans[channel] / weights[channel])
      variances[channel] = Float(sumOfVariances[channel] / weights[channel])
    }
  }

  /// Takes in the statistics of one batch: `variances` are biased, over `count` values a channel.
  func observe(
    _ slot: NormSlot, means batchMeans: UnsafePointer<Double>,
    variances batchVariances: UnsafePointer<Double>, channels: Int, count: Int, samples: Int,
    mode: Context.Mode
  ) {
    let unbiased = count > 1 ? Double(count) / Double(count - 1) : 1
    for channel in 0..<channels {
      let at = slot.offset + channel
      switch mode {
      case .inference:
        return
      case .training:
        guard momentum > 0 else { return }
        means[at] += momentum * (Float(batchMeans[channel]) - means[at])
        variances[at] += momentum * (Float(batchVariances[channel] * unbiased) - variances[at])
      case .calibration:
        let weight = convention == .cumulative ? 1 : Double(samples)
        let correction = convention == .sampleWeightedBiased ? 1 : unbiased
        sumOfMeans[at] += weight * batchMeans[channel]
        sumOfVariances[at] += weight * correction * batchVariances[channel]
        weights[at] += weight
      }
    }
  }
}
