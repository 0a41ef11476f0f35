import Kirchhoff

/// The layers of a subnet with their cost, as `kirchhoff space --layers` shows them.
struct LayerTable: Encodable {
  /// One layer.
  struct Layer: Encodable {
    var name: String
    var kind: String
    var inputWidth: Int
    var outputWidth: Int
    var kernel: Int
    var stride: Int
    var inputSide: Int
    var outputSide: Int
    var heads: Int
    var macs: Int
    var parameters: Int
  }

  var space: String
  var subnet: String
  var parameters: Int
  var macs: Int
  var layers: [Layer]

  init(_ subnet: Subnet, of space: SupernetSpace) throws {
    let plan = try space.plan(for: subnet)
    let cost = plan.cost
    self.space = space.name
    self.subnet = subnet.id
    parameters = cost.parameters
    macs = cost.macs
    layers = plan.layers.map {
      Layer(
        name: $0.name, kind: $0.kind.rawValue, inputWidth: $0.inputWidth,
        outputWidth: $0.outputWidth, kernel: $0.kernel, stride: $0.stride, inputSide: $0.inputSide,
        outputSide: $0.outputSide, heads: $0.heads, macs: $0.macs, parameters: $0.parameters)
    }
  }

  /// The table, a blank line, the sums.
  var text: String {
    var table = Table(
      ("layer", .left), ("kind", .left), ("in", .right), ("out", .right), ("kernel", .right),
      ("stride", .right), ("side", .right), ("parameters", .right), ("MACs", .right))
    for layer in layers {
      let isSpatial = layer.kernel > 1 || layer.stride > 1
      table.add(
        layer.name, layer.kind, "\(layer.inputWidth)", "\(layer.outputWidth)",
        isSpatial ? "\(layer.kernel)" : "", isSpatial ? "\(layer.stride)" : "",
        layer.inputSide == layer.outputSide
          ? "\(layer.outputSide)" : "\(layer.inputSide)→\(layer.outputSide)",
        layer.parameters == 0 ? "" : grouped(layer.parameters),
        layer.macs == 0 ? "" : grouped(layer.macs))
    }
    table.add("total", "", "", "", "", "", "", grouped(parameters), grouped(macs))
    return "\(subnet) of \(space)\n\n\(table.text(indent: 2))"
  }
}
