import Datasets
import NN
import RunLog
import Runtime
import SearchSpace

/// What a ranking is asked for.
public struct RankSettings: Codable, Hashable, Sendable {
  /// Subnets, spread over the MACs of the space.
  public var subnets: Int
  /// Decides which subnets, the first weights, the order of the images, and the bootstrap.
  public var seed: UInt64
  /// Steps of each stand-alone training.
  public var steps: Int
  /// Images a step.
  public var batchSize: Int
  /// The highest learning rate.
  public var learningRate: Float
  /// Test images; 0 for all.
  public var images: Int

  /// 24 subnets, each trained alone as long and in the same way as the supernet was.
  public init(_ config: TrainingConfig) {
    subnets = 24
    seed = config.seed
    steps = config.steps
    batchSize = config.batchSize
    learningRate = config.learningRate.base
    images = 0
  }

  func validate(subject: String) throws {
    func check(_ place: String, _ found: some Any, _ expected: String, _ holds: Bool) throws {
      if holds { return }
      throw KirchhoffError(
        .usage, subject: subject, place: place, found: "\(found)", expected: expected)
    }
    try check("subnets", subnets, "3 to 500", (3...500).contains(subnets))
    try check("steps", steps, "at least 1", steps >= 1)
    try check("batch size", batchSize, "at least 1", batchSize >= 1)
    try check("learning rate", learningRate, "above 0", learningRate > 0 && learningRate <= 100)
    try check("images", images, "at least 0", images >= 0)
  }
}

/// Everything that decides the figures of a ranking: what its folder keeps, and what a resumed one
/// must agree with.
public struct RankPlan: Codable, Hashable, Sendable {
  /// The run of the supernet.
  public var run: String
  /// The training step of its weights.
  public var step: Int
  /// What was asked for.
  public var settings: RankSettings
  /// The config of the stand-alone trainings, but for the space, which has one member each time.
  public var config: TrainingConfig
  /// The subnets, the smallest first.
  public var subnets: [Subnet]

  init(_ trained: TrainedSupernet, _ settings: RankSettings) throws {
    run = trained.paths.root
    step = trained.step
    self.settings = settings
    config = Self.alone(trained.config, settings)
    subnets = try trained.supernet.space.stratifiedSubnets(settings.subnets, seed: settings.seed)
  }

  /// The training of a single network that is like the supernet's in everything else.
  private static func alone(_ config: TrainingConfig, _ settings: RankSettings) -> TrainingConfig {
    var config = config
    config.schedule = .preset("alone")
    config.distillation = nil
    config.seed = settings.seed
    config.steps = settings.steps
    config.batchSize = settings.batchSize
    config.learningRate.base = settings.learningRate
    config.evaluation.every = 0
    config.evaluation.sampled = 0
    config.evaluation.images = settings.images
    config.conflict.every = 0
    return config
  }

  /// The order in which the networks are trained: a random one, so that what is ready early speaks
  /// for all sizes.
  package var order: [Int] {
    RandomStream(seed: settings.seed).derived("order").permutation(of: subnets.count)
  }
}

/// The files of a ranking.
public struct RankPaths: Equatable, Sendable {
  /// The folder.
  public let root: String

  /// The files in `root`.
  public init(_ root: String) { self.root = RunPaths(root).root }

  /// The plan; its presence marks a ranking that was begun.
  public var plan: String { "\(root)/plan.json" }
  /// The figures; its presence marks one that is finished.
  public var result: String { "\(root)/result.json" }
  /// The plot and the table.
  public var report: String { "\(root)/report.html" }
  /// One folder a network.
  public var networks: String { "\(root)/networks" }

  /// The folder of network `index`, which is a run directory.
  package func network(_ index: Int, _ subnet: Subnet) -> String {
    let number = String(index + 1)
    return
      "\(networks)/\(String(repeating: "0", count: max(0, 3 - number.count)))\(number)-\(subnet.id)"
  }

  var all: [String] { [plan, result, report, networks] }
}
