import Datasets
import RunLog
import Runtime
import SearchSpace
import Tensor

/// The supernet that a training left in its run directory: the weights of the last sound checkpoint,
/// averaged where the run averages them, and the data.
public struct TrainedSupernet {
  /// Where the run is.
  public let paths: RunPaths
  /// The run's config.
  public let config: TrainingConfig
  /// The network.
  public let supernet: Supernet
  /// The training step of the weights.
  public let step: Int
  /// Whether the weights are the moving average.
  public let isAveraged: Bool
  /// Where the data came from.
  public let source: DatasetSource
  /// The data, training images limited as in the training.
  public let data: DatasetPair
  /// What images are normalised with.
  public let normalisation: Normalisation

  /// Loads a run.
  ///
  /// - Parameters:
  ///   - paths: The run directory.
  ///   - source: Other data than the config's, of the same shape and classes.
  /// - Throws: `KirchhoffError` when there is no run or no checkpoint, when all checkpoints are
  ///   damaged or one belongs to another space, or for what is wrong with the data.
  public init(_ paths: RunPaths, data source: DatasetSource? = nil) throws {
    guard paths.hasRun else { throw Self.noRun(paths) }
    self.paths = paths
    config = try TrainingConfig.loader.load(paths.config)
    self.source = source ?? config.data
    var data = try DatasetRegistry.standard().load(self.source)
    if config.trainingImages > 0 {
      data.training = data.training.subset(limit: config.trainingImages)
    }
    self.data = data
    let space = try config.resolvedSpace(for: data, of: paths)
    let store = CheckpointStore(folder: paths.checkpoints, fingerprint: space.fingerprint)
    guard let checkpoint = try store.latest(TrainingState.self) else {
      throw KirchhoffError(
        .checkpoint, subject: paths.checkpoints, found: "no checkpoint", expected: "at least one",
        hint: "train the run first: kirchhoff train --run \(paths.root) --resume")
    }
    step = checkpoint.step
    isAveraged = config.averageDecay != nil
    let name = isAveraged ? TrainerState.averageName : TrainerState.parametersName
    let weights = try checkpoint.tensors.floats(name)
    let quantisation = config.quantisation
    supernet = Supernet(space: space, inputBits: quantisation?.inputBits, seed: 0)
    guard weights.count == supernet.store.floatCount else {
      throw KirchhoffError(
        .checkpoint, subject: checkpoint.path, place: name, found: "\(weights.count) values",
        expected: "\(supernet.store.floatCount)",
        hint: "another version of Kirchhoff may have written it")
    }
    supernet.store.restore(weights)
    try supernet.store.checkFinite(checkpoint.path, hint: "the training diverged")
    if let bits = quantisation?.weightBits {
      WeightModifier.quantise(supernet.store, bits: bits)
    }
    normalisation = try Normalisation(measuredOn: data.training)
  }

  private static func noRun(_ paths: RunPaths) -> KirchhoffError {
    let parent = PathParts.folder(of: paths.root)
    let runs = Folder.names(parent.isEmpty ? "." : parent)
      .map { parent.isEmpty ? $0 : "\(parent)/\($0)" }.filter { RunPaths($0).hasRun }
    return KirchhoffError(
      .usage, subject: paths.root, found: Folder.exists(paths.root) ? "no run" : "nothing",
      expected: "the directory of a run",
      hint: nearest(paths.root, in: runs).map { "did you mean \($0)?" })
  }

  /// An evaluator of its subnets.
  ///
  /// - Parameters:
  ///   - calibration: How batch norms get their statistics; as in the training by default.
  ///   - images: The images that are classified; the test images by default.
  public func evaluator(
    calibration: TrainingConfig.Calibration? = nil, on images: ImageDataset? = nil
  ) throws -> SubnetEvaluator {
    try SubnetEvaluator(
      supernet, data: DatasetPair(training: data.training, test: images ?? data.test),
      normalisation: normalisation, calibration: calibration ?? config.calibration)
  }

  /// A subnet cut out as a network of its own, its batch norms calibrated.
  ///
  /// - Throws: `KirchhoffError` when the subnet is not of the space.
  public func extract(
    _ subnet: Subnet, calibration: TrainingConfig.Calibration? = nil
  ) throws -> StandaloneNetwork {
    let calibration = calibration ?? config.calibration
    let norms = try evaluator(calibration: calibration).statistics(subnet)
    return try StandaloneNetwork(subnet, of: self, norms: norms, calibration: calibration)
  }
}
