import Kirchhoff

/// The part of a stored weight that a subnet uses: a box of the stored shape.
struct TensorWindow {
  /// The name of the weight.
  var name: String
  /// The first index in use, by dimension.
  var start: [Int]
  /// How many are in use, by dimension.
  var shape: [Int]

  /// The values of the box, in the order of the stored ones.
  func gather(_ stored: Tensor) -> [Float] {
    var values: [Float] = []
    values.reserveCapacity(shape.reduce(1, *))
    stored.withFloats { floats in
      forEachRun(in: stored.shape.array) { values += floats[$0] }
    }
    return values
  }

  /// Puts values that `gather` gave back into their places.
  func scatter(_ values: [Float], into stored: inout Tensor) {
    let full = stored.shape.array
    var next = 0
    stored.withMutableFloats { floats in
      forEachRun(in: full) { range in
        for index in range {
          floats[index] = values[next]
          next += 1
        }
      }
    }
  }

  /// Calls `body` with each run of neighbouring values of the box.
  private func forEachRun(in full: [Int], _ body: (Range<Int>) -> Void) {
    precondition(
      full.count == shape.count
        && full.indices.allSatisfy { start[$0] + shape[$0] <= full[$0] },
      "window \(shape) from \(start) of \(name), which is \(full)")
    func visit(_ dimension: Int, _ offset: Int) {
      let at = (offset * full[dimension]) + start[dimension]
      if dimension == full.count - 1 { return body(at..<at + shape[dimension]) }
      for index in 0..<shape[dimension] { visit(dimension + 1, at + index) }
    }
    visit(0, 0)
  }
}

/// Lists the windows of a subnet in the order of its layers.
struct SubnetWindows {
  private let store: ParameterStore
  private(set) var windows: [TensorWindow] = []

  /// The windows of the subnet that `plan` resolves, in the weights of `supernet`.
  init(_ plan: NetworkPlan, of supernet: Supernet) {
    store = supernet.store
    add(plan.stem, "stem")
    for stage in plan.stages {
      if let entry = stage.entry { add(entry, "stage\(stage.index).entry") }
      for block in stage.blocks { add(block) }
    }
    switch plan.head {
    case .pooled(let width, _):
      affine("head.norm", width)
      linear("head.classifier", width, plan.classes)
    case .mixed(let expand, let features, _):
      add(expand, "head.expand")
      linear("head.features", expand.outputWidth, features)
      linear("head.classifier", features, plan.classes)
    }
  }

  /// A window that begins at the first index of each dimension.
  private mutating func first(_ name: String, _ shape: [Int]) {
    windows.append(
      TensorWindow(name: name, start: shape.map { _ in 0 }, shape: shape))
  }

  private func shape(_ name: String) -> [Int]? {
    store.entry(named: name)?.parameter.shape.array
  }

  private mutating func affine(_ name: String, _ channels: Int) {
    first(name + ".gamma", [channels])
    first(name + ".beta", [channels])
  }

  private mutating func linear(_ name: String, _ inputs: Int, _ outputs: Int) {
    first(name + ".weight", [outputs, inputs])
    if shape(name + ".bias") != nil { first(name + ".bias", [outputs]) }
  }

  /// The middle of a depthwise kernel.
  private mutating func depthwise(_ name: String, _ channels: Int, kernel: Int) {
    let crop = ((shape(name + ".weight")?[0] ?? kernel) - kernel) / 2
    windows.append(
      TensorWindow(
        name: name + ".weight", start: [crop, crop, 0], shape: [kernel, kernel, channels]))
  }

  private mutating func add(_ plan: ConvolutionPlan, _ name: String) {
    let weight = name + ".convolution.weight"
    if shape(weight)?.count == 4 {
      first(weight, [plan.outputWidth, plan.kernel, plan.kernel, plan.inputWidth])
    } else {
      first(weight, [plan.outputWidth, plan.inputWidth])
    }
    if plan.bias { first(name + ".convolution.bias", [plan.outputWidth]) }
    if plan.batchNorm { affine(name + ".norm", plan.outputWidth) }
  }

  private mutating func add(_ block: BlockPlan) {
    let name = "stage\(block.stage).slot\(block.slot)"
    switch block.operation {
    case .identity: break
    case .mbconv(let plan): add(plan, block, name + ".mbconv")
    case .vit(let plan): add(plan, block.outputWidth, name + ".vit")
    }
  }

  private mutating func add(_ plan: MBConvPlan, _ block: BlockPlan, _ name: String) {
    if plan.expands {
      linear(name + ".expand", block.inputWidth, plan.middle)
      affine(name + ".expand_norm", plan.middle)
    }
    depthwise(name + ".depthwise", plan.middle, kernel: plan.kernel)
    affine(name + ".depthwise_norm", plan.middle)
    if let squeeze = plan.squeeze {
      linear(name + ".squeeze_excite.reduce", plan.middle, squeeze)
      linear(name + ".squeeze_excite.expand", squeeze, plan.middle)
    }
    linear(name + ".project", plan.middle, block.outputWidth)
    affine(name + ".project_norm", block.outputWidth)
    if case .projected(_, projects: true) = plan.shortcut {
      linear(name + ".shortcut", block.inputWidth, block.outputWidth)
    }
  }

  private mutating func add(_ plan: VitPlan, _ width: Int, _ name: String) {
    let attention = name + ".attention"
    affine(name + ".attention_norm", width)
    // Query and key, and the value where it is as wide, lie one behind the other.
    for (part, matrices) in [("qkv", 3), ("qk", 2)]
    where shape("\(attention).\(part).weight") != nil {
      first("\(attention).\(part).weight", [matrices, plan.attentionWidth, width])
      first("\(attention).\(part).bias", [matrices, plan.attentionWidth])
    }
    if shape(attention + ".v.weight") != nil { linear(attention + ".v", width, plan.valueWidth) }
    if plan.valueKernel > 0 {
      depthwise(attention + ".v_depthwise", plan.valueWidth, kernel: plan.valueKernel)
    }
    if plan.talkingHeads {
      linear(attention + ".mix_before", plan.heads, plan.heads)
      linear(attention + ".mix_after", plan.heads, plan.heads)
    }
    if let table = shape(attention + ".position_bias") {
      first(attention + ".position_bias", [plan.heads, table[1]])
    }
    linear(attention + ".output", plan.valueWidth, width)
    scaling(name + ".attention_scaling", plan, width)
    for index in 0..<plan.mlps {
      let mlp = name + (plan.mlps == 1 ? ".mlp" : ".mlp\(index)")
      affine(mlp + ".norm", width)
      linear(mlp + ".up", width, plan.hidden)
      linear(mlp + ".down", plan.hidden, width)
    }
    scaling(name + ".mlp_scaling", plan, width)
  }

  /// The row of the subnet's depth and width.
  private mutating func scaling(_ name: String, _ plan: VitPlan, _ width: Int) {
    guard let scaling = plan.scaling else { return }
    let row = scaling.depthIndex * scaling.widthRows + scaling.widthIndex
    windows.append(TensorWindow(name: name, start: [row, 0], shape: [1, width]))
  }
}
