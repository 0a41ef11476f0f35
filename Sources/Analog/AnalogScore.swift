import Crossbar
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

extension SubnetEvaluator {
  /// Scores a subnet on chips.
  ///
  /// - Parameters:
  ///   - subnet: The subnet; its batch norms are calibrated in digital arithmetic.
  ///   - hardware: The arrays.
  ///   - chips: How many chips, each with devices and reads of its own.
  ///   - seed: Decides what the chips are like.
  ///   - progress: Called after each chip.
  public func score(
    _ subnet: Subnet, on hardware: CrossbarHardware, chips: Int, seed: UInt64,
    progress: (Int) throws -> Void = { _ in }
  ) throws -> AnalogScore {
    let digital = try score(subnet)
    var scores: [SubnetScore] = []
    var layers: [AnalogProducts.LayerUse] = []
    for chip in 0..<chips {
      let products = AnalogProducts(hardware, seed: seed, chip: chip)
      scores.append(try score(subnet, products: products))
      let used = try products.layers()
      if chip == 0 { layers = used }
      try progress(chip + 1)
    }
    return AnalogScore(
      digital: digital, accuracy: Interval(scores.map(\.accuracy)),
      change: Interval(scores.map { $0.accuracy - digital.accuracy }), chips: scores,
      layers: layers)
  }
}
