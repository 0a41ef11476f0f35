import Crossbar
import Datasets
import Runtime
import SearchSpace
import Supernet

/// What a network scores on chips beside what it scores in digital arithmetic.
public struct AnalogScore: Codable, Hashable, Sendable {
  /// In digital arithmetic.
  public var digital: SubnetScore
  /// Accuracy over chips, with its 95 % interval.
  public var accuracy: Interval
  /// Accuracy on a chip less that in digital arithmetic, on the same images, over chips.
  public var change: Interval
  /// Each chip's score.
  public var chips: [SubnetScore]
  /// The layers on the first chip.
  public var layers: [AnalogProducts.LayerUse]

  /// Layers of which more than a hundredth of the conversions saturated.
  public var saturatedLayers: [AnalogProducts.LayerUse] {
    layers.filter { $0.saturatedShare > 0.01 }
  }
}

/// What one chip scored, and what its layers take: kept between runs of a long evaluation.
public struct ChipScore: Codable, Hashable, Sendable {
  /// Its score.
  public var score: SubnetScore
  /// Its layers; empty where they are not wanted.
  public var layers: [AnalogProducts.LayerUse]

  /// A score.
  public init(score: SubnetScore, layers: [AnalogProducts.LayerUse]) {
    self.score = score
    self.layers = layers
  }
}

extension AnalogNetwork {
  /// Scores the network on chips.
  ///
  /// - Parameters:
  ///   - images: The images.
  ///   - chips: How many chips, each with devices and reads of its own.
  ///   - digital: What it scores in digital arithmetic; computed where it is not given.
  ///   - known: What is known of a chip from before.
  ///   - progress: Called after each chip with its number and score.
  public func score(
    _ images: ImageDataset, chips: Int, digital: SubnetScore? = nil,
    known: (Int) -> ChipScore? = { _ in nil },
    progress: (Int, ChipScore) throws -> Void = { _, _ in }
  ) throws -> AnalogScore {
    let batches = try network.batches(of: images)
    let digital = try digital ?? score(batches, products: nil)
    var scores: [SubnetScore] = []
    var layers: [AnalogProducts.LayerUse] = []
    for number in 0..<chips {
      let score = try known(number) ?? chipScore(number, batches)
      scores.append(score.score)
      if number == 0 { layers = score.layers }
      try progress(number, score)
    }
    return AnalogScore(
      digital: digital, accuracy: Interval(scores.map(\.accuracy)),
      change: Interval(scores.map { $0.accuracy - digital.accuracy }), chips: scores,
      layers: layers)
  }

  private func chipScore(_ number: Int, _ batches: BatchLoader) throws -> ChipScore {
    let products = try chip(number)
    let score = try score(batches, products: products)
    let layers = try products.layers()
    return ChipScore(score: score, layers: number == 0 ? layers : [])
  }
}
