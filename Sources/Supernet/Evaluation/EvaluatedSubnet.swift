import RunLog
import SearchSpace

/// A subnet with its cost and what it scored.
public struct EvaluatedSubnet: Codable, Hashable, Sendable {
  /// Why it was chosen.
  public var label: String
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

  /// A subnet of `space` with a score.
  ///
  /// - Throws: `KirchhoffError` when it is not of the space.
  public init(_ label: String, _ subnet: Subnet, of space: SupernetSpace, score: SubnetScore) throws
  {
    let cost = try space.plan(for: subnet).cost
    self.label = label
    self.family = space.family(of: subnet)
    self.subnet = subnet
    parameters = cost.parameters
    macs = cost.macs
    self.score = score
  }
}
