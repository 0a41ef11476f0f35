import Runtime

extension SupernetSpace {
  /// Resolves a subnet of this space.
  ///
  /// Identities are accepted in every slot that keeps width and side, so subnets of a restricted
  /// space resolve too.
  ///
  /// - Throws: `KirchhoffError` when the subnet is not of the space.
  public func plan(for subnet: Subnet) throws -> NetworkPlan {
    try check(subnet, identities: true)
    return resolve(subnet)
  }

  /// Resolves a subnet that is known to fit.
  func resolve(_ subnet: Subnet) -> NetworkPlan {
    let stemPlan = ConvolutionPlan(
      inputWidth: inputChannels, outputWidth: subnet.stem, kernel: stem.kernel,
      stride: stem.stride, inputSide: subnet.resolution,
      outputSide: outputSide(subnet.resolution, stride: stem.stride), bias: false,
      batchNorm: true, activation: stem.activation)
    var width = subnet.stem
    var side = stemPlan.outputSide
    var plans: [StagePlan] = []
    plans.reserveCapacity(stages.count)
    for (index, choice) in subnet.stages.enumerated() {
      let plan = resolve(choice, stage: index, inputWidth: width, inputSide: side)
      side = outputSide(side, stride: stages[index].stride)
      width = choice.width
      plans.append(plan)
    }
    return NetworkPlan(
      resolution: subnet.resolution, inputChannels: inputChannels, classes: classes,
      stem: stemPlan, stages: plans,
      head: resolveHead(features: subnet.head, inputWidth: width, inputSide: side))
  }

  private func resolveHead(features: Int?, inputWidth: Int, inputSide: Int) -> HeadPlan {
    guard case .mixed(let expand, _, let activation) = head, let features else {
      return .pooled(inputWidth: inputWidth, inputSide: inputSide)
    }
    return .mixed(
      expand: ConvolutionPlan(
        inputWidth: inputWidth, outputWidth: inputWidth * expand, kernel: 1, stride: 1,
        inputSide: inputSide, outputSide: inputSide, bias: false, batchNorm: true,
        activation: activation),
      features: features, activation: activation)
  }

  private func resolve(
    _ choice: StageChoice, stage index: Int, inputWidth: Int, inputSide: Int
  ) -> StagePlan {
    let stage = stages[index]
    var width = inputWidth
    var side = inputSide
    var stride = stage.stride
    var plan = StagePlan(index: index, width: choice.width, entry: nil, blocks: [])
    if let entry = stage.entry {
      plan.entry = ConvolutionPlan(
        inputWidth: width, outputWidth: choice.width, kernel: entry.kernel, stride: stride,
        inputSide: side, outputSide: outputSide(side, stride: stride), bias: entry.bias,
        batchNorm: false, activation: .none)
      width = choice.width
      side = outputSide(side, stride: stride)
      stride = 1
    }
    plan.blocks.reserveCapacity(choice.blocks.count)
    for (slot, block) in choice.blocks.enumerated() {
      var blockPlan = BlockPlan(
        stage: index, slot: slot, inputWidth: width, outputWidth: choice.width, inputSide: side,
        outputSide: outputSide(side, stride: stride), stride: stride, operation: .identity)
      switch block {
      case .identity:
        break
      case .mbconv(let kernel, let expand):
        blockPlan.operation = .mbconv(
          mbconvPlan(stage, input: width, output: choice.width, kernel, expand, stride: stride))
      case .vit(let heads, let mlp, let value):
        blockPlan.operation = .vit(
          vitPlan(index, choice, side: side, heads: heads, mlp: mlp, value: value))
      }
      plan.blocks.append(blockPlan)
      side = blockPlan.outputSide
      width = choice.width
      stride = 1
    }
    return plan
  }

  private func mbconvPlan(
    _ stage: Stage, input: Int, output: Int, _ kernel: Int, _ expand: Double, stride: Int
  ) -> MBConvPlan {
    guard let options = stage.mbconv else { preconditionFailure("a stage without mbconv options") }
    let expands = options.expands != [1]
    let middle = expands ? middleWidth(input: input, expand: expand) : input
    let shortcut: ShortcutPlan =
      if stride == 1, input == output {
        .identity
      } else if options.shortcut == .projected {
        .projected(pool: stride, projects: input != output)
      } else {
        .none
      }
    return MBConvPlan(
      kernel: kernel, middle: middle, expands: expands,
      squeeze: options.squeezeExcite ? makeDivisible(middle / 4) : nil,
      activation: options.activation, shortcut: shortcut)
  }

  private func vitPlan(
    _ index: Int, _ choice: StageChoice, side: Int, heads: Int?, mlp: Double, value: Double
  ) -> VitPlan {
    let stage = stages[index]
    guard let options = stage.vit else { preconditionFailure("a stage without vit options") }
    var position: Int?
    if options.relativePosition {
      position =
        options.positionSide > 0 ? options.positionSide : largestSide(ofStage: index)
    }
    var scaling: ScalingPlan?
    if options.switchableScaling {
      let isAlone = only != nil
      scaling = ScalingPlan(
        depthIndex: isAlone ? 0 : choice.activeBlocks - 1,
        widthIndex: isAlone ? 0 : stage.widths.firstIndex(of: choice.width) ?? 0,
        depthRows: isAlone ? 1 : stage.maxDepth, widthRows: isAlone ? 1 : stage.widths.count,
        factor: 8 / Double(choice.width))
    }
    return VitPlan(
      heads: heads ?? choice.width / options.headDim, headDim: options.headDim,
      valueDim: Int((Double(options.headDim) * value).rounded()),
      hidden: Int((Double(choice.width) * mlp).rounded()), mlps: options.mlps,
      tokens: side * side, valueKernel: options.valueKernel, talkingHeads: options.talkingHeads,
      positionSide: position, attentionActivation: options.attentionActivation,
      activation: options.activation, norm: options.norm, scaling: scaling)
  }
}
