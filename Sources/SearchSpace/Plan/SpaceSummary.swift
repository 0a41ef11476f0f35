/// What there is to know about a space at a glance.
public struct SpaceSummary: Codable, Hashable, Sendable {
  /// A subnet with its cost.
  public struct Entry: Codable, Hashable, Sendable {
    /// What the subnet is an example of.
    public var label: String
    /// The subnet.
    public var subnet: Subnet
    /// Its cost for one image.
    public var cost: NetworkCost
  }

  /// The space's name.
  public var name: String
  /// The exact number of subnets, in decimal digits.
  public var size: String
  /// Parameters that the supernet stores.
  public var storedParameters: Int
  /// The choices with more than one option.
  public var genes: Int
  /// Smallest and largest subnet; in a space with transformer slots also the largest without
  /// transformer blocks and the one with as many of them as possible.
  public var entries: [Entry]
}

extension SupernetSpace {
  /// Size and extremes of the space.
  public var summary: SpaceSummary {
    var examples = [("smallest", smallest), ("largest", largest)]
    if only == nil, stages.contains(where: { $0.offers(.vit) }) {
      examples += [
        ("convolution-only", largestConvolutional), ("transformer-heavy", mostTransformers),
      ]
    }
    return SpaceSummary(
      name: name, size: size.description, storedParameters: storedParameters, genes: genes.count,
      entries: examples.map {
        SpaceSummary.Entry(label: $0.0, subnet: $0.1, cost: resolve($0.1).cost)
      })
  }
}
