import Kirchhoff

/// Which stored weights a subnet uses, worked out from its plan and the names of the weights alone.
struct SubnetWindows {
  private var ranges: [String: [Range<Int>]] = [:]

  init(_ plan: NetworkPlan, in space: SupernetSpace, _ store: ParameterStore) {
    convolution("stem", plan.stem, store)
    for stage in plan.stages {
      if let entry = stage.entry { convolution("stage\(stage.index).entry", entry, store) }
      for block in stage.blocks {
        let name = "stage\(stage.index).slot\(block.slot)"
        switch block.operation {
        case .identity: break
        case .mbconv(let mbconv): self.mbconv(name + ".mbconv", block, mbconv, store)
        case .vit(let vit): self.vit(name + ".vit", block.inputWidth, vit, store)
        }
      }
    }
    switch plan.head {
    case .pooled(let width, _):
      norm("head.norm", width)
      ranges["head.classifier.weight"] = [0..<plan.classes, 0..<width]
    case .mixed(let expand, let features, _):
      convolution("head.expand", expand, store)
      ranges["head.features.weight"] = [0..<features, 0..<expand.outputWidth]
      ranges["head.classifier.weight"] = [0..<plan.classes, 0..<features]
    }
    ranges["head.classifier.bias"] = [0..<plan.classes]
  }

  /// For each element of a parameter, whether it is in use.
  func mask(_ entry: ParameterStore.Entry) -> [Bool] {
    let shape = entry.parameter.shape
    guard let ranges = ranges[entry.name] else {
      return [Bool](repeating: false, count: shape.count)
    }
    precondition(ranges.count == shape.rank, "\(entry.name): \(ranges) of \(shape)")
    return (0..<shape.count).map { element in
      var rest = element
      for dimension in (0..<shape.rank).reversed() {
        guard ranges[dimension].contains(rest % shape[dimension]) else { return false }
        rest /= shape[dimension]
      }
      return true
    }
  }

  private mutating func norm(_ name: String, _ channels: Int) {
    ranges[name + ".gamma"] = [0..<channels]
    ranges[name + ".beta"] = [0..<channels]
  }

  private mutating func linear(_ name: String, _ outputs: Int, _ inputs: Int, bias: Bool = true) {
    ranges[name + ".weight"] = [0..<outputs, 0..<inputs]
    if bias { ranges[name + ".bias"] = [0..<outputs] }
  }

  private mutating func convolution(
    _ name: String, _ plan: ConvolutionPlan, _ store: ParameterStore
  ) {
    let weight = name + ".convolution.weight"
    let matrix = [0..<plan.outputWidth, 0..<plan.inputWidth]
    ranges[weight] =
      store.entry(named: weight)?.parameter.shape.rank == 2
      ? matrix : [matrix[0], 0..<plan.kernel, 0..<plan.kernel, matrix[1]]
    if plan.bias { ranges[name + ".convolution.bias"] = [matrix[0]] }
    if plan.batchNorm { norm(name + ".norm", plan.outputWidth) }
  }

  private mutating func mbconv(
    _ name: String, _ block: BlockPlan, _ plan: MBConvPlan, _ store: ParameterStore
  ) {
    if plan.expands {
      linear(name + ".expand", plan.middle, block.inputWidth, bias: false)
      norm(name + ".expand_norm", plan.middle)
    }
    let depthwise = name + ".depthwise.weight"
    let taps = store.entry(named: depthwise)!.parameter.shape[0]
    let first = (taps - plan.kernel) / 2
    let centre = first..<first + plan.kernel
    ranges[depthwise] = [centre, centre, 0..<plan.middle]
    norm(name + ".depthwise_norm", plan.middle)
    if let squeeze = plan.squeeze {
      linear(name + ".squeeze_excite.reduce", squeeze, plan.middle)
      linear(name + ".squeeze_excite.expand", plan.middle, squeeze)
    }
    linear(name + ".project", block.outputWidth, plan.middle, bias: false)
    norm(name + ".project_norm", block.outputWidth)
    if case .projected(_, projects: true) = plan.shortcut {
      linear(name + ".shortcut", block.outputWidth, block.inputWidth, bias: false)
    }
  }

  private mutating func vit(
    _ name: String, _ width: Int, _ plan: VitPlan, _ store: ParameterStore
  ) {
    norm(name + ".attention_norm", width)
    let inner = 0..<plan.attentionWidth
    for stack in ["qkv", "qk"] {
      guard let entry = store.entry(named: "\(name).attention.\(stack).weight") else { continue }
      ranges[entry.name] = [0..<entry.parameter.shape[0], inner, 0..<width]
      ranges["\(name).attention.\(stack).bias"] = [0..<entry.parameter.shape[0], inner]
    }
    linear(name + ".attention.v", plan.valueWidth, width)
    let taps = 0..<plan.valueKernel
    ranges[name + ".attention.v_depthwise.weight"] = [taps, taps, 0..<plan.valueWidth]
    let heads = 0..<plan.heads
    ranges[name + ".attention.mix_before.weight"] = [heads, heads]
    linear(name + ".attention.mix_after", plan.heads, plan.heads)
    if let side = plan.positionSide {
      let span = 2 * side - 1
      ranges[name + ".attention.position_bias"] = [heads, 0..<span * span]
    }
    linear(name + ".attention.output", width, plan.valueWidth)
    for index in 0..<plan.mlps {
      let mlp = name + (plan.mlps == 1 ? ".mlp" : ".mlp\(index)")
      norm(mlp + ".norm", width)
      linear(mlp + ".up", plan.hidden, width)
      linear(mlp + ".down", width, plan.hidden)
    }
    if let scaling = plan.scaling {
      let row = scaling.depthIndex * scaling.widthRows + scaling.widthIndex
      ranges[name + ".attention_scaling"] = [row..<row + 1, 0..<width]
      ranges[name + ".mlp_scaling"] = [row..<row + 1, 0..<width]
    }
  }
}
