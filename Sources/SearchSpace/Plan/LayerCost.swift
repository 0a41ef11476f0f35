/// What a layer computes; decides how its cost is counted.
public enum LayerKind: String, Codable, Hashable, Sendable, CaseIterable {
  /// Dense convolution of a kernel above 1.
  case convolution
  /// 1 × 1 convolution, or a linear layer at every position.
  case pointwise
  /// Convolution of each channel on its own.
  case depthwise
  /// Linear layer on one vector an image.
  case linear
  /// Queries times keys.
  case attentionScores
  /// Attention times values.
  case attentionValues
  /// Linear layer over the heads at every pair of tokens.
  case talkingHeads
  /// Batch norm: two parameters a channel, no MACs counted.
  case batchNorm
  /// Layer norm: two parameters a channel, no MACs counted.
  case layerNorm
  /// Table of biases by relative position, no MACs counted.
  case positionBias
  /// Vector that scales a residual branch, no MACs counted.
  case scaling
}

/// One layer of a subnet and its cost for one image.
///
/// Counted as MACs: convolutions, linear layers and the two attention products. Parameters include
/// biases and the affine of norms.
public struct LayerCost: Hashable, Sendable {
  /// The stage, or nil for stem and head.
  public var stage: Int?
  /// The slot in the stage, or nil for an entry convolution.
  public var slot: Int?
  /// The block's kind, or nil outside slots.
  public var block: BlockKind?
  /// The layer's role in its block, such as `expand`, `depthwise` or `query`.
  public var part: String
  /// What it computes.
  public var kind: LayerKind
  /// Input channels (for the attention products: of all heads together).
  public var inputWidth: Int
  /// Output channels.
  public var outputWidth: Int
  /// Side of the kernel.
  public var kernel: Int
  /// Stride.
  public var stride: Int
  /// Side of the input; 1 for one vector an image.
  public var inputSide: Int
  /// Side of the output.
  public var outputSide: Int
  /// Heads of an attention product, otherwise 1.
  public var heads: Int
  /// Multiply-accumulates for one image.
  public var macs: Int
  /// Parameters.
  public var parameters: Int

  /// The place as text: `stages[2].slots[0].mbconv.expand`, `stages[3].entry`, `head.classifier`.
  public var name: String {
    guard let stage else { return part }
    guard let slot, let block else { return "stages[\(stage)].\(part)" }
    return "stages[\(stage)].slots[\(slot)].\(block.rawValue).\(part)"
  }
}

/// Parameters and multiply-accumulates of a network for one image.
public struct NetworkCost: Codable, Hashable, Sendable {
  /// Parameters, the affine of norms included.
  public var parameters: Int
  /// Multiply-accumulates of convolutions, linear layers and attention products.
  public var macs: Int

  package init(parameters: Int, macs: Int) {
    self.parameters = parameters
    self.macs = macs
  }

  /// Two operations a multiply-accumulate.
  public var flops: Int { 2 * macs }
}

extension NetworkPlan {
  /// Every layer with its cost, in the order of execution.
  public var layers: [LayerCost] {
    var layers: [LayerCost] = []
    visit { layers.append($0) }
    return layers
  }

  /// The sums over ``layers``.
  public var cost: NetworkCost {
    var cost = NetworkCost(parameters: 0, macs: 0)
    visit {
      cost.parameters += $0.parameters
      cost.macs += $0.macs
    }
    return cost
  }

  private func visit(_ body: @escaping (LayerCost) -> Void) {
    var counter = CostCounter(body: body)
    counter.count(stem, "stem")
    for stage in stages {
      if let entry = stage.entry {
        counter.stage = stage.index
        counter.count(entry, "entry")
      }
      for block in stage.blocks { counter.count(block) }
    }
    counter.count(head, classes: classes)
  }
}

extension StoredPlan {
  /// The number of parameters that the supernet stores, `classes` outputs included.
  public func parameters(classes: Int) -> Int {
    var total = 0
    var counter = CostCounter { total += $0.parameters }
    counter.stored = true
    counter.count(stem, "stem")
    for stage in stages {
      if let entry = stage.entry { counter.count(entry, "entry") }
      for slot in stage.slots {
        if let block = slot.mbconv { counter.count(block) }
        if let block = slot.vit { counter.count(block) }
      }
    }
    counter.count(head, classes: classes)
    return total
  }
}

extension SupernetSpace {
  /// Parameters and MACs of a subnet for one image.
  ///
  /// - Throws: `KirchhoffError` when the subnet is not of the space.
  public func cost(of subnet: Subnet) throws -> NetworkCost {
    try plan(for: subnet).cost
  }

  /// The number of parameters that a supernet of this space stores.
  public var storedParameters: Int {
    stored.parameters(classes: classes)
  }
}

extension Subnet {
  /// Every layer with its cost, in the order of execution.
  ///
  /// - Throws: `KirchhoffError` when the subnet is not of the space.
  public func layers(in space: SupernetSpace) throws -> [LayerCost] {
    try space.plan(for: self).layers
  }
}
