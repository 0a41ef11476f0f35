import Autodiff
import Datasets
import Runtime
import SearchSpace
import Tensor

/// What a subnet scored.
public struct SubnetScore: Codable, Hashable, Sendable {
  /// Share of test images classified correctly.
  public var accuracy: Double
  /// Mean cross-entropy.
  public var loss: Double
  /// Test images.
  public var images: Int

  /// A score.
  public init(accuracy: Double, loss: Double, images: Int) {
    self.accuracy = accuracy
    self.loss = loss
    self.images = images
  }
}

/// Evaluates subnets of a supernet: calibrates their batch norms on training images, then
/// classifies the test images.
///
/// The calibration images are the first of a fixed order without augmentation, so a score is a
/// function of the weights and the config.
public final class SubnetEvaluator {
  /// The network.
  public let supernet: Supernet
  private let calibration: TrainingConfig.Calibration
  private let calibrationBatches: BatchLoader
  private let testBatches: BatchLoader
  private var cache: [Subnet: NormStatistics] = [:]

  /// - Parameters:
  ///   - supernet: The network.
  ///   - data: Training images for calibration, test images for the score.
  ///   - normalisation: What the network was trained with.
  ///   - calibration: Convention, batches and their size.
  ///   - images: Test images; 0 for all.
  public init(
    _ supernet: Supernet, data: DatasetPair, normalisation: Normalisation,
    calibration: TrainingConfig.Calibration, images: Int = 0
  ) throws {
    self.supernet = supernet
    self.calibration = calibration
    var options = BatchLoader.Options(
      batchSize: min(calibration.batchSize, data.training.count), normalisation: normalisation,
      seed: 0)
    options.workers = 0
    calibrationBatches = try BatchLoader(data.training, options: options)
    testBatches = try Self.loader(
      images > 0 ? data.test.subset(limit: images) : data.test, normalisation: normalisation)
  }

  /// Batches of all images, in order.
  package static func loader(_ images: ImageDataset, normalisation: Normalisation) throws
    -> BatchLoader
  {
    var options = BatchLoader.Options.evaluation(batchSize: 512, normalisation: normalisation)
    options.workers = 0
    return try BatchLoader(images, options: options)
  }

  /// Forgets calibrated statistics: to be called when the weights have changed.
  public func weightsChanged() { cache.removeAll() }

  /// The batch-norm statistics of a subnet, calibrated once.
  public func statistics(_ subnet: Subnet) throws -> NormStatistics {
    if let known = cache[subnet] { return known }
    let plan = try supernet.space.plan(for: subnet)
    let norms = supernet.makeNormStatistics()
    norms.beginCalibration(calibration.convention)
    let context = Context(store: supernet.store, norms: norms, mode: .calibration)
    for index in 0..<calibration.batches {
      let batch = try calibrationBatches.batch(
        epoch: index / calibrationBatches.batchesPerEpoch,
        index: index % calibrationBatches.batchesPerEpoch)
      let images = resized(batch.images, side: plan.resolution)
      _ = supernet.logits(Variable(constant: images), plan: plan, in: context)
    }
    norms.endCalibration()
    cache[subnet] = norms
    return norms
  }

  /// The score of a subnet.
  ///
  /// - Parameters:
  ///   - calibrated: Whether batch norms are calibrated first; without it they have their first
  ///     values, and accuracy collapses.
  ///   - products: Who multiplies with weights when the test images are classified; nil for the
  ///     kernels, which also calibrate.
  public func score(
    _ subnet: Subnet, calibrated: Bool = true, products: (any MatrixProducts)? = nil
  ) throws -> SubnetScore {
    let plan = try supernet.space.plan(for: subnet)
    let norms = calibrated ? try statistics(subnet) : supernet.makeNormStatistics()
    return try Self.score(
      supernet, plan: plan, norms: norms, products: products, on: testBatches)
  }

  /// The score of a network with given statistics.
  static func score(
    _ supernet: Supernet, plan: NetworkPlan, norms: NormStatistics,
    products: (any MatrixProducts)? = nil, on batches: BatchLoader
  ) throws -> SubnetScore {
    var correct = 0
    var loss = 0.0
    var images = 0
    for index in 0..<batches.batchesPerEpoch {
      let batch = try batches.batch(index: index)
      let logits = supernet.classify(
        resized(batch.images, side: plan.resolution), plan: plan, norms: norms,
        products: products, firstImage: images)
      correct += topCount(logits, labels: batch.labels)
      let context = Context(store: supernet.store, norms: norms, mode: .inference)
      let batchLoss = context.crossEntropy(Variable(constant: logits), labels: batch.labels)
      loss += Double(batchLoss.tensor.scalar) * Double(batch.count)
      images += batch.count
    }
    return SubnetScore(
      accuracy: Double(correct) / Double(images), loss: loss / Double(images), images: images)
  }
}

extension Supernet {
  /// The class scores of a subnet in inference mode.
  ///
  /// The batch is cut into small groups of images that run through the whole network one after
  /// another, each in one thread, so that activations stay in the cache.
  ///
  /// - Parameters:
  ///   - images: `[batch, side, side, channels]`.
  ///   - plan: The subnet.
  ///   - norms: Its batch-norm statistics.
  ///   - products: Who multiplies with weights; nil for the kernels.
  ///   - firstImage: The number of the first image in the whole evaluation.
  /// - Returns: `[batch, classes]`.
  public func classify(
    _ images: Tensor, plan: NetworkPlan, norms: NormStatistics,
    products: (any MatrixProducts)? = nil, firstImage: Int = 0
  ) -> Tensor {
    let batch = images.shape[0]
    let result = Tensor(uninitialized: [batch, plan.classes])
    parallelChunks(batch, of: min(Supernet.inferenceGroup, (batch + 3) / 4)) { range in
      var context = Context(store: store, norms: norms, mode: .inference)
      context.products = products
      context.firstImage = firstImage + range.lowerBound
      let logits = logits(Variable(constant: images.prefix(range)), plan: plan, in: context)
      let values = context.materialized(logits).tensor
      (result.pointer + range.lowerBound * plan.classes).update(
        from: values.pointer, count: range.count * plan.classes)
    }
    return result
  }

  /// Images that run through the network together in inference: activations stay in the cache, and
  /// the weights are packed once for all of them.
  static let inferenceGroup = 16
}
