import Kirchhoff

/// A kind of training that `kirchhoff train` runs: its config, its run, and what it prints.
protocol TrainableRun {
  associatedtype Config: ValidatedConfig & Equatable & Sendable
  associatedtype Result: Encodable

  static var loader: ConfigLoader<Config> { get }

  /// Fails as the run would, without touching a directory.
  static func preflight(_ config: Config) throws
  /// What is about to be trained, in a few words.
  static func summary(_ config: Config) -> String
  /// The result for people.
  static func text(_ result: Result, paths: RunPaths) -> String

  init(
    _ config: Config, directory: RunDirectory, resume: Bool, options: TrainingRun.Options) throws

  /// Trains; nil when the run stopped before its end.
  func run() throws -> Result?
}

extension TrainingRun: TrainableRun {
  static var loader: ConfigLoader<TrainingConfig> { TrainingConfig.loader }

  static func preflight(_ config: TrainingConfig) throws {
    let data = try DatasetRegistry.standard().load(config.data)
    _ = try SupernetTrainer(config, space: config.resolvedSpace(for: data))
  }

  static func summary(_ config: TrainingConfig) -> String {
    "\(config.space) on \(config.data.name): \(grouped(config.steps)) steps of "
      + "\(config.batchSize) images"
  }

  static func text(_ result: TrainingResult, paths: RunPaths) -> String {
    TrainingReport(result, paths: paths).text
  }
}

extension NetworkRun: TrainableRun {
  static var loader: ConfigLoader<NetworkConfig> { NetworkConfig.loader }

  static func preflight(_ config: NetworkConfig) throws {
    let data = try DatasetRegistry.standard().load(config.data)
    _ = try NetworkTrainer(config, hardware: config.hardware(), data: data.training)
  }

  static func summary(_ config: NetworkConfig) -> String {
    let arrays = config.rule == .digital ? "no arrays" : "arrays \(config.crossbar)"
    return "\(config.network.name) on \(config.data.name), \(config.rule.rawValue), \(arrays): "
      + "\(grouped(config.steps)) steps of \(config.batchSize) images"
  }

  static func text(_ result: NetworkResult, paths: RunPaths) -> String {
    NetworkReport(result, paths: paths).text
  }
}
