import Kirchhoff

/// A supernet as a run directory holds it, ready to be evaluated. Only reads.
final class TrainedRun {
  /// The run directory.
  let paths: RunPaths
  /// Its config.
  let config: TrainingConfig
  /// Its data.
  let data: DatasetPair
  /// The network with the weights of the last sound checkpoint.
  let supernet: Supernet
  /// The step of that checkpoint.
  let step: Int
  /// What the images are normalised with.
  let normalisation: Normalisation

  /// The search space, fitted to the data.
  var space: SupernetSpace { supernet.space }

  /// What of a checkpoint's state is needed here.
  private struct State: Decodable {}

  /// Names that checkpoints give the flat weights.
  private static let parameters = "state.parameters"
  private static let average = "state.average"

  /// Opens a run.
  ///
  /// - Throws: `KirchhoffError` when there is none, or data or checkpoint are missing or damaged.
  init(_ root: String) throws {
    paths = RunPaths(root)
    guard paths.hasRun else {
      throw KirchhoffError(
        .usage, subject: root, found: "no run", expected: "a run directory",
        hint: "kirchhoff train makes one")
    }
    config = try TrainingConfig.loader.load(paths.config)
    var pair = try DatasetRegistry.standard().load(config.data)
    if config.trainingImages > 0 {
      pair.training = pair.training.subset(limit: config.trainingImages)
    }
    data = pair
    let space = try config.resolvedSpace(for: pair)
    let store = CheckpointStore(folder: paths.checkpoints, fingerprint: space.fingerprint)
    guard let checkpoint = try store.latest(State.self) else {
      throw KirchhoffError(
        .checkpoint, subject: paths.checkpoints, found: "no checkpoint",
        expected: "one of a training", hint: "kirchhoff train --run \(root) --resume")
    }
    step = checkpoint.step
    supernet = Supernet(space: space, seed: config.seed)
    let isAveraged = checkpoint.tensors[Self.average] != nil
    let weights = try checkpoint.tensors.floats(isAveraged ? Self.average : Self.parameters)
    guard weights.count == supernet.store.floatCount else {
      throw KirchhoffError(
        .checkpoint, subject: checkpoint.path, place: Self.parameters,
        found: "\(weights.count) values", expected: "\(supernet.store.floatCount)")
    }
    supernet.store.restore(weights)
    normalisation = try Normalisation(measuredOn: pair.training)
  }

  /// An evaluator of `network`, which is this run's own where none is given.
  func evaluator(of network: Supernet? = nil, images: Int? = nil) throws -> SubnetEvaluator {
    try SubnetEvaluator(
      network ?? supernet, data: data, normalisation: normalisation,
      calibration: config.calibration, images: images ?? config.evaluation.images)
  }
}
