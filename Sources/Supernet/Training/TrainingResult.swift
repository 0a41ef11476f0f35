import RunLog
import SearchSpace

/// Conflict over one phase, by pair of subnets and parameter group.
public struct PhaseConflict: Codable, Hashable, Sendable {
  /// The phase.
  public var phase: String
  /// Means over the phase's samples and the group's tensors.
  public var groups: [ConflictSummary]
}

/// One line of the table at the end of a training.
public struct SubnetResult: Codable, Hashable, Sendable {
  /// Why the subnet was chosen.
  public var group: SubnetGroup
  /// What it is made of.
  public var family: SubnetFamily
  /// The subnet.
  public var subnet: Subnet
  /// Parameters of the subnet alone.
  public var parameters: Int
  /// Multiply-accumulates of one image.
  public var macs: Int
  /// Accuracy and loss.
  public var score: SubnetScore
}

/// What a training came to.
public struct TrainingResult: Codable, Hashable, Sendable {
  /// The search space.
  public var space: String
  /// The data set.
  public var data: String
  /// Training steps.
  public var steps: Int
  /// Seconds of training.
  public var seconds: Double
  /// Training images a second, an image counted once however many subnets see it.
  public var imagesPerSecond: Double
  /// The representative subnets.
  public var subnets: [SubnetResult]
  /// The conflict of each phase.
  public var conflicts: [PhaseConflict]
  /// The run directory.
  public var run: String
}
