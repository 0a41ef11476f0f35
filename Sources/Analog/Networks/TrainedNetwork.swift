import Autodiff
import Crossbar
import Datasets
import RunLog
import Runtime
import Supernet
import Tensor

/// The network that a training on arrays left in its run directory, on the chip that it was trained on.
public struct TrainedNetwork {
  /// The run's config.
  public let config: NetworkConfig
  /// The arrays that it was trained on.
  public let hardware: CrossbarHardware
  /// The data, limited as in the training.
  public let data: DatasetPair
  private let trainer: NetworkTrainer
  private let norms: NormStatistics

  /// What a network scores on other chips beside what it scores on its own.
  public struct Transfer: Codable, Hashable, Sendable {
    /// Accuracy on the chip that it was trained on; without devices, as it was trained.
    public var own: Double
    /// Accuracy over chips, with its 95 % interval.
    public var accuracy: Interval
    /// Accuracy on a chip less that on its own.
    public var change: Interval
    /// Each chip's accuracy.
    public var chips: [Double]
    /// Test images.
    public var images: Int
  }

  /// Loads a run.
  ///
  /// - Throws: `KirchhoffError` when there is no run or no sound checkpoint, or for what is wrong with
  ///   the data.
  public init(_ paths: RunPaths) throws {
    config = try NetworkConfig.loader.load(paths.config)
    hardware = try config.hardware(of: paths)
    data = try config.loadedData()
    trainer = try NetworkTrainer(config, hardware: hardware, data: data.training)
    let store = CheckpointStore(folder: paths.checkpoints, fingerprint: trainer.fingerprint)
    guard let checkpoint = try store.latest(NetworkRun.State.self) else {
      throw KirchhoffError(
        .checkpoint, subject: paths.checkpoints, found: "no checkpoint", expected: "at least one",
        hint: "train the run first: kirchhoff train --run \(paths.root) --resume")
    }
    try trainer.restore(checkpoint.state.trainer, checkpoint.tensors)
    try trainer.network.store.checkFinite(checkpoint.path, hint: "the training diverged")
    norms = try trainer.network.calibrated(
      on: Self.loader(data.training, batchSize: config.batchSize),
      count: config.evaluation.calibrationBatches, step: trainer.step)
  }

  /// The training step of the weights.
  public var step: Int { trainer.step }

  /// Accuracy on the chip that the network was trained on.
  public func accuracy(on images: ImageDataset) throws -> Double {
    try trainer.network.accuracy(on: Self.loader(images), norms: norms, step: trainer.step)
  }

  /// Programs the network into other chips, without training it there, and scores it.
  ///
  /// Chips that networks can be trained on get the weights as they were trained: with the scales of
  /// their arrays when they cut the network as its own does, else with the scales multiplied in. On
  /// other hardware layers run as `AnalogProducts` has it. Batch norms keep their statistics.
  ///
  /// - Parameters:
  ///   - plan: The other chips.
  ///   - chips: How many.
  ///   - seed: Decides what they are like.
  ///   - progress: Called after each chip.
  /// - Throws: `KirchhoffError` for hardware on which the network cannot be programmed.
  public func transfer(
    to plan: ArrayPlan, chips: Int, seed: UInt64, on images: ImageDataset,
    progress: (Int) throws -> Void = { _ in }
  ) throws -> Transfer {
    let own = try accuracy(on: images)
    let test = try Self.loader(images)
    var settings = config.settings(plan.hardware)
    if !settings.rule.writesDevices { settings.rule = .mixedPrecision }
    let isTrainable = plan.layers.isEmpty && (try? settings.check()) != nil
    let network = analog(self, on: plan, seed: seed, calibration: data.training)
    var scores: [Double] = []
    for chip in 0..<chips {
      scores.append(
        isTrainable
          ? try accuracy(on: test, as: settings, seed: seed, chip: chip)
          : try accuracy(on: test, network.chip(chip)))
      try progress(chip + 1)
    }
    return Transfer(
      own: own, accuracy: Interval(scores), change: Interval(scores.map { $0 - own }),
      chips: scores, images: images.count)
  }

  private func accuracy(
    on test: BatchLoader, as settings: TrainedArraySettings, seed: UInt64, chip: Int
  ) throws -> Double {
    let other = try ArrayNetwork(
      config.network.resolved(), shape: data.training.shape, classes: data.training.classCount,
      settings: settings, seed: config.seed)
    let stream = RandomStream(seed: seed).derived("transfer").derived(UInt64(chip))
    try other.transfer(from: trainer.network, to: stream)
    return try other.accuracy(on: test, norms: norms, step: chip << 20)
  }

  private func accuracy(on test: BatchLoader, _ products: AnalogProducts) throws -> Double {
    let accuracy = try trainer.network.accuracy(
      on: test, norms: norms, step: 0, products: products)
    // Throws what programming a layer failed with.
    _ = try products.layers()
    return accuracy
  }

  private static func loader(_ images: ImageDataset, batchSize: Int? = nil) throws -> BatchLoader {
    let plain = Normalisation.identity(channels: images.shape.channels)
    var options =
      batchSize.map { BatchLoader.Options(batchSize: $0, normalisation: plain) }
      ?? .evaluation(batchSize: 500, normalisation: plain)
    options.workers = 0
    return try BatchLoader(images, options: options)
  }
}

extension TrainedNetwork: Classifier {
  /// The class scores of images.
  public func classify(
    _ images: Tensor, products: (any MatrixProducts)?, firstImage: Int
  ) -> Tensor {
    trainer.network.logits(
      images, norms: norms, step: trainer.step, products: products, firstImage: firstImage)
  }

  /// Batches of all images, in order.
  public func batches(of images: ImageDataset) throws -> BatchLoader { try Self.loader(images) }

  /// The ranges that inputs of layers were trained with.
  public var inputRanges: [String: Float] { trainer.network.inputRanges }
}

extension ArrayNetwork {
  /// Takes over weights, scales and biases of a network of the same layers, on another chip.
  func transfer(from trained: ArrayNetwork, to chip: RandomStream) throws {
    for entry in store.entries where !entry.name.hasSuffix(".weight") {
      guard let known = trained.store.entry(named: entry.name),
        known.parameter.shape == entry.parameter.shape
      else { continue }
      store.set(entry.parameter, to: trained.store.value(known.parameter))
    }
    for (layer, source) in zip(layers, trained.layers) {
      let isSameCut = layer.rowCut == source.rowCut && layer.columnCut == source.columnCut
      let weights = isSameCut ? source.beliefs(trained.store) : source.scaled(trained.store)
      if !isSameCut {
        store.set(layer.scale, to: Tensor(repeating: 1, shape: layer.scale.shape))
      }
      let limit = isSameCut && source.rule != .digital ? source.limit : nil
      try layer.transfer(weights, limit: limit, to: chip, store)
    }
  }
}

extension TrainedArrays {
  /// The digital belief, `[outputs, inputs]`.
  func beliefs(_ store: ParameterStore) -> [Float] { store.value(weight).floats }

  /// The digital belief times the scales of its arrays.
  func scaled(_ store: ParameterStore) -> [Float] {
    let matrix = store.value(weight)
    scaleArrays(of: matrix, by: outputFactors(store))
    return matrix.floats
  }
}
