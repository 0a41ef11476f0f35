import Autodiff
import Crossbar
import Datasets
import Foundation
import Runtime
import Supernet
import Tensor

/// A trained network on chips: its weights programmed into arrays, layer by layer as a plan has it.
public struct AnalogNetwork {
  /// The network.
  public let network: any Classifier
  /// Which layers run on which arrays.
  public let plan: ArrayPlan
  /// Decides what the chips are like.
  public let seed: UInt64
  /// Images whose activations decide the ranges of converters, where the plan wants that.
  public let calibration: ImageDataset?

  /// One of the chips, its ranges calibrated.
  ///
  /// - Throws: `KirchhoffError` when a layer cannot be programmed, or calibration has no images.
  public func chip(_ number: Int) throws -> AnalogProducts {
    let products = AnalogProducts(
      plan, seed: seed, chip: number, inputRanges: network.inputRanges)
    guard plan.needsCalibration else { return products }
    guard let calibration else {
      throw KirchhoffError(
        .config, subject: "arrays", place: "periphery", found: "ranges from calibration",
        expected: "images to calibrate on")
    }
    let batches = try network.batches(of: calibration)
    try products.calibrate {
      var count = 0
      for index in 0..<batches.batchesPerEpoch where count < Self.calibrationImages {
        let images = try batches.batch(index: index).images
        let used = images.prefix(0..<min(images.shape[0], Self.calibrationImages - count))
        _ = try network.classify(used, products: products, firstImage: count)
        count += used.shape[0]
      }
    }
    _ = try products.layers()
    return products
  }

  /// Images that ranges are taken from.
  static let calibrationImages = 256

  /// The class scores of images on a chip: `[batch, classes]`.
  ///
  /// - Throws: `KirchhoffError` when a layer cannot be programmed.
  public func classify(_ images: Tensor, chip number: Int = 0) throws -> Tensor {
    let products = try chip(number)
    let logits = try network.classify(images, products: products, firstImage: 0)
    _ = try products.layers()
    return logits
  }

  /// Accuracy and loss on one chip, or in digital arithmetic.
  func score(_ batches: BatchLoader, products: (any MatrixProducts)?) throws -> SubnetScore {
    var correct = 0
    var loss = 0.0
    var images = 0
    for index in 0..<batches.batchesPerEpoch {
      let batch = try batches.batch(index: index)
      let logits = try network.classify(batch.images, products: products, firstImage: images)
      correct += topCount(logits, labels: batch.labels)
      loss += crossEntropy(logits, labels: batch.labels)
      images += batch.count
    }
    return SubnetScore(
      accuracy: Double(correct) / Double(images), loss: loss / Double(images), images: images)
  }
}

/// The sum of −log softmax of the labels.
private func crossEntropy(_ logits: Tensor, labels: [Int32]) -> Double {
  let classes = logits.shape[1]
  return labels.enumerated().reduce(0) { sum, pair in
    let row = UnsafeBufferPointer(
      start: logits.pointer + pair.offset * logits.rowStride, count: classes)
    let largest = Double(row.max() ?? 0)
    let total = row.reduce(0.0) { $0 + exp(Double($1) - largest) }
    return sum + log(total) + largest - Double(row[Int(pair.element)])
  }
}

/// Converts a trained network to arrays: a whole network or a subnet that shares its supernet's weights, all of
/// it or layer by layer.
///
/// Nothing is copied and nothing retrained; chips are programmed when they are used.
///
/// - Parameters:
///   - network: The network.
///   - plan: Which layers run on which arrays.
///   - seed: Decides what the chips are like.
///   - calibration: Images whose activations decide the ranges of converters, where the plan wants that.
public func analog(
  _ network: any Classifier, on plan: ArrayPlan, seed: UInt64 = 1,
  calibration: ImageDataset? = nil
) -> AnalogNetwork {
  AnalogNetwork(network: network, plan: plan, seed: seed, calibration: calibration)
}

/// The same with one kind of arrays for all layers.
public func analog(
  _ network: any Classifier, on hardware: CrossbarHardware, seed: UInt64 = 1,
  calibration: ImageDataset? = nil
) -> AnalogNetwork {
  analog(network, on: ArrayPlan(hardware), seed: seed, calibration: calibration)
}
