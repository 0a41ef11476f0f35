import Kirchhoff

/// A subnet with its score and cost, as commands show it.
struct EvaluatedSubnet: Codable {
  var label: String
  var id: String
  var blocks: String
  var accuracy: Double
  var loss: Double
  var images: Int
  var parameters: Int
  var macs: Int

  init(
    _ label: String, _ subnet: Subnet, _ score: SubnetScore, of space: SupernetSpace
  ) throws {
    let cost = try space.plan(for: subnet).cost
    self.label = label
    id = subnet.id
    blocks = space.family(of: subnet).rawValue
    accuracy = score.accuracy
    loss = score.loss
    images = score.images
    parameters = cost.parameters
    macs = cost.macs
  }

  init(_ result: SubnetResult) {
    label = result.group.rawValue
    id = result.subnet.id
    blocks = result.family.rawValue
    accuracy = result.score.accuracy
    loss = result.score.loss
    images = result.score.images
    parameters = result.parameters
    macs = result.macs
  }

  /// One line a subnet, ids last because they are long.
  static func table(_ subnets: [EvaluatedSubnet]) -> String {
    var table = Table(
      ("subnet", .left), ("blocks", .left), ("accuracy", .right), ("loss", .right),
      ("parameters", .right), ("MACs", .right), ("id", .left))
    for subnet in subnets {
      table.add(
        subnet.label, subnet.blocks, percent(subnet.accuracy), fixed(subnet.loss, 3),
        grouped(subnet.parameters), grouped(subnet.macs), subnet.id)
    }
    return table.text(indent: 2)
  }
}
