/// Walks through resolved layers and hands each with its cost to `body`.
struct CostCounter {
  var stage: Int?
  var slot: Int?
  var block: BlockKind?
  /// Whether whole tables are counted and not only the rows that one subnet uses.
  var stored = false
  let body: (LayerCost) -> Void

  init(body: @escaping (LayerCost) -> Void) {
    self.body = body
  }

  private func emit(
    _ part: String, _ kind: LayerKind, _ input: Int, _ output: Int, kernel: Int = 1,
    stride: Int = 1, from inputSide: Int, to outputSide: Int, heads: Int = 1, macs: Int = 0,
    parameters: Int = 0
  ) {
    body(
      LayerCost(
        stage: stage, slot: slot, block: block, part: part, kind: kind, inputWidth: input,
        outputWidth: output, kernel: kernel, stride: stride, inputSide: inputSide,
        outputSide: outputSide, heads: heads, macs: macs, parameters: parameters))
  }

  private func dense(
    _ part: String, _ input: Int, _ output: Int, kernel: Int = 1, stride: Int = 1,
    from inputSide: Int, to outputSide: Int, bias: Bool
  ) {
    let weights = input * output * kernel * kernel
    emit(
      part, kernel > 1 ? .convolution : .pointwise, input, output, kernel: kernel, stride: stride,
      from: inputSide, to: outputSide, macs: weights * outputSide * outputSide,
      parameters: weights + (bias ? output : 0))
  }

  private func depthwise(
    _ part: String, _ width: Int, kernel: Int, stride: Int = 1, from inputSide: Int,
    to outputSide: Int
  ) {
    emit(
      part, .depthwise, width, width, kernel: kernel, stride: stride, from: inputSide,
      to: outputSide, macs: width * kernel * kernel * outputSide * outputSide,
      parameters: width * kernel * kernel)
  }

  private func linear(_ part: String, _ input: Int, _ output: Int, bias: Bool) {
    emit(
      part, .linear, input, output, from: 1, to: 1, macs: input * output,
      parameters: input * output + (bias ? output : 0))
  }

  private func norm(_ part: String, _ kind: LayerKind, _ width: Int, side: Int) {
    emit(part, kind, width, width, from: side, to: side, parameters: 2 * width)
  }

  func count(_ plan: ConvolutionPlan, _ name: String) {
    dense(
      name + (name == "entry" ? "" : ".convolution"), plan.inputWidth, plan.outputWidth,
      kernel: plan.kernel, stride: plan.stride, from: plan.inputSide, to: plan.outputSide,
      bias: plan.bias)
    if plan.batchNorm { norm(name + ".norm", .batchNorm, plan.outputWidth, side: plan.outputSide) }
  }

  mutating func count(_ plan: BlockPlan) {
    stage = plan.stage
    slot = plan.slot
    block = plan.kind
    switch plan.operation {
    case .identity: break
    case .mbconv(let mbconv): count(mbconv, plan)
    case .vit(let vit): count(vit, plan)
    }
    stage = nil
    slot = nil
    block = nil
  }

  private func count(_ plan: MBConvPlan, _ block: BlockPlan) {
    let (from, to) = (block.inputSide, block.outputSide)
    if plan.expands {
      dense("expand", block.inputWidth, plan.middle, from: from, to: from, bias: false)
      norm("expand.norm", .batchNorm, plan.middle, side: from)
    }
    depthwise(
      "depthwise", plan.middle, kernel: plan.kernel, stride: block.stride, from: from, to: to)
    norm("depthwise.norm", .batchNorm, plan.middle, side: to)
    if let squeeze = plan.squeeze {
      linear("squeeze", plan.middle, squeeze, bias: true)
      linear("excite", squeeze, plan.middle, bias: true)
    }
    dense("project", plan.middle, block.outputWidth, from: to, to: to, bias: false)
    norm("project.norm", .batchNorm, block.outputWidth, side: to)
    if case .projected(_, projects: true) = plan.shortcut {
      dense("shortcut", block.inputWidth, block.outputWidth, from: to, to: to, bias: false)
    }
  }

  private func count(_ plan: VitPlan, _ block: BlockPlan) {
    let side = block.inputSide
    let width = block.inputWidth
    let pairs = plan.tokens * plan.tokens
    norm("attention.norm", .layerNorm, width, side: side)
    dense("query", width, plan.attentionWidth, from: side, to: side, bias: true)
    dense("key", width, plan.attentionWidth, from: side, to: side, bias: true)
    dense("value", width, plan.valueWidth, from: side, to: side, bias: true)
    if plan.valueKernel > 0 {
      depthwise("valueConvolution", plan.valueWidth, kernel: plan.valueKernel, from: side, to: side)
    }
    emit(
      "scores", .attentionScores, plan.attentionWidth, plan.heads, from: side, to: side,
      heads: plan.heads, macs: pairs * plan.attentionWidth)
    if let position = plan.positionSide {
      let table = (2 * position - 1) * (2 * position - 1) * plan.heads
      emit(
        "positionBias", .positionBias, plan.heads, plan.heads, from: side, to: side,
        heads: plan.heads, parameters: table)
    }
    if plan.talkingHeads {
      for part in ["talkingBefore", "talkingAfter"] {
        emit(
          part, .talkingHeads, plan.heads, plan.heads, from: side, to: side, heads: plan.heads,
          macs: pairs * plan.heads * plan.heads, parameters: plan.heads * (plan.heads + 1))
      }
    }
    emit(
      "values", .attentionValues, plan.heads, plan.valueWidth, from: side, to: side,
      heads: plan.heads, macs: pairs * plan.valueWidth)
    dense("output", plan.valueWidth, width, from: side, to: side, bias: true)
    countScaling("attention.scaling", plan, width, side: side)
    for index in 0..<plan.mlps {
      let name = plan.mlps > 1 ? "mlp\(index + 1)" : "mlp"
      norm(name + ".norm", .layerNorm, width, side: side)
      dense(name + ".up", width, plan.hidden, from: side, to: side, bias: true)
      dense(name + ".down", plan.hidden, width, from: side, to: side, bias: true)
    }
    countScaling("mlp.scaling", plan, width, side: side)
  }

  private func countScaling(_ part: String, _ plan: VitPlan, _ width: Int, side: Int) {
    guard let scaling = plan.scaling else { return }
    let rows = stored ? scaling.depthRows * scaling.widthRows : 1
    emit(part, .scaling, width, width, from: side, to: side, parameters: rows * width)
  }

  mutating func count(_ plan: HeadPlan, classes: Int) {
    stage = nil
    switch plan {
    case .pooled(let width, let side):
      norm("head.norm", .layerNorm, width, side: side)
      linear("head.classifier", width, classes, bias: true)
    case .mixed(let expand, let features, _):
      count(expand, "head.expand")
      linear("head.features", expand.outputWidth, features, bias: false)
      linear("head.classifier", features, classes, bias: true)
    }
  }
}
