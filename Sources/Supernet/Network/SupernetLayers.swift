import Autodiff
import NN
import SearchSpace
import Tensor

/// A convolution with what follows it: bias or batch norm, activation.
struct ConvolutionUnit {
  private let convolution: Convolution?
  private let pointwise: Linear?
  private let norm: BatchNorm?

  init(_ name: String, _ plan: ConvolutionPlan, in builder: NetworkBuilder) {
    let isPointwise = plan.kernel == 1 && plan.stride == 1
    (convolution, pointwise, norm) = builder.scoped(name) {
      (
        isPointwise
          ? nil
          : Convolution(
            "convolution", inputs: plan.inputWidth, outputs: plan.outputWidth, size: plan.kernel,
            stride: plan.stride, bias: plan.bias, in: builder),
        isPointwise
          ? Linear(
            "convolution", inputs: plan.inputWidth, outputs: plan.outputWidth, bias: plan.bias,
            deviation: (2 / Float(plan.inputWidth)).squareRoot(), in: builder) : nil,
        plan.batchNorm ? BatchNorm("norm", channels: plan.outputWidth, in: builder) : nil
      )
    }
  }

  func callAsFunction(_ x: Variable, _ plan: ConvolutionPlan, in context: Context) -> Variable {
    let activation = ActivationFunction(plan.activation)
    let forNorm = norm != nil
    let y =
      if let pointwise {
        pointwise(x, outputs: plan.outputWidth, forNorm: forNorm, in: context)
      } else {
        convolution!(x, outputs: plan.outputWidth, forNorm: forNorm, in: context)
      }
    if let norm { return norm(y, activation: activation, in: context) }
    return activation == .identity ? y : context.activation(y, activation)
  }
}

/// The stored blocks of one stage.
struct StageLayers {
  private struct Slot {
    let mbconv: MBConv?
    let vit: TransformerBlock?
  }

  private let entry: ConvolutionUnit?
  private let slots: [Slot]

  init(_ stored: StoredStage, in builder: NetworkBuilder) {
    (entry, slots) = builder.scoped("stage\(stored.index)") {
      builder.group = ParameterGroup.entry.rawValue
      let entry = stored.entry.map { ConvolutionUnit("entry", $0, in: builder) }
      let slots = stored.slots.map { slot in
        builder.scoped("slot\(slot.slot)") {
          builder.group = ParameterGroup.mbconv.rawValue
          let mbconv = slot.mbconv.flatMap { StageLayers.mbconv($0, in: builder) }
          builder.group = ParameterGroup.vit.rawValue
          let vit = slot.vit.flatMap { StageLayers.vit($0, in: builder) }
          return Slot(mbconv: mbconv, vit: vit)
        }
      }
      return (entry, slots)
    }
  }

  private static func mbconv(_ block: BlockPlan, in builder: NetworkBuilder) -> MBConv? {
    guard case .mbconv(let plan) = block.operation else { return nil }
    var configuration = MBConv.Configuration(
      inputs: block.inputWidth, outputs: block.outputWidth, middle: plan.middle,
      kernel: plan.kernel)
    configuration.stride = block.stride
    configuration.squeeze = plan.squeeze
    configuration.activation = ActivationFunction(plan.activation)
    configuration.expands = plan.expands
    if case .projected(let pool, let projects) = plan.shortcut {
      configuration.shortcut = .projected(pool: pool, projects: projects)
    }
    return MBConv("mbconv", configuration, in: builder)
  }

  private static func vit(_ block: BlockPlan, in builder: NetworkBuilder) -> TransformerBlock? {
    guard case .vit(let plan) = block.operation else { return nil }
    var attention = MultiHeadAttention.Configuration(
      width: block.inputWidth, heads: plan.heads, headWidth: plan.headDim,
      valueWidth: plan.valueDim)
    attention.valueKernel = plan.valueKernel
    attention.talkingHeads = plan.talkingHeads
    attention.positionGrid = plan.positionSide ?? 0
    attention.activation = ActivationFunction(plan.attentionActivation)
    var configuration = TransformerBlock.Configuration(attention: attention, hidden: plan.hidden)
    configuration.mlps = plan.mlps
    configuration.activation = ActivationFunction(plan.activation)
    configuration.jointNorm = plan.norm == .joint
    configuration.scalingRows = plan.scaling.map { $0.depthRows * $0.widthRows } ?? 0
    return TransformerBlock("vit", configuration, in: builder)
  }

  func callAsFunction(
    _ x: Variable, _ plan: StagePlan, vitScale: Float, dropPaths: [DropPath?],
    in context: Context
  ) -> Variable {
    var x = x
    if let entry, let entryPlan = plan.entry { x = entry(x, entryPlan, in: context) }
    for (block, dropPath) in zip(plan.blocks, dropPaths) {
      switch block.operation {
      case .identity:
        continue
      case .mbconv(let mbconv):
        let choice = MBConv.Choice(
          outputs: block.outputWidth, middle: mbconv.middle, kernel: mbconv.kernel,
          squeeze: mbconv.squeeze)
        x = slots[block.slot].mbconv!(x, choice, dropPath: dropPath, in: context)
      case .vit(let vit):
        let choice = TransformerBlock.Choice(
          heads: vit.heads, valueWidth: vit.valueDim, hidden: vit.hidden,
          scalingRow: vit.scaling.map { $0.depthIndex * $0.widthRows + $0.widthIndex } ?? 0)
        x = slots[block.slot].vit!(
          x, choice, residualScale: vitScale, dropPath: dropPath, in: context)
      }
    }
    return x
  }
}

/// The stored layers after the last stage.
struct HeadLayers {
  private let norm: LayerNorm?
  private let expand: ConvolutionUnit?
  private let features: Linear?
  private let classifier: Linear

  init(_ plan: HeadPlan, classes: Int, in builder: NetworkBuilder) {
    (norm, expand, features, classifier) = builder.scoped("head") {
      switch plan {
      case .pooled(let width, _):
        (
          LayerNorm("norm", channels: width, in: builder), nil, nil,
          Linear("classifier", inputs: width, outputs: classes, in: builder)
        )
      case .mixed(let expand, let features, _):
        (
          nil, ConvolutionUnit("expand", expand, in: builder),
          Linear(
            "features", inputs: expand.outputWidth, outputs: features, bias: false, in: builder),
          Linear("classifier", inputs: features, outputs: classes, in: builder)
        )
      }
    }
  }

  func callAsFunction(
    _ x: Variable, _ plan: HeadPlan, dropout: Float, in context: Context
  ) -> Variable {
    func classify(_ features: Variable) -> Variable {
      classifier(
        context.dropout(features, rate: dropout, stream: context.random.derived("dropout")),
        in: context)
    }
    switch plan {
    case .pooled:
      return classify(context.globalAveragePool(norm!(x, in: context)))
    case .mixed(let expandPlan, let count, let activation):
      let pooled = context.globalAveragePool(expand!(x, expandPlan, in: context))
      let mixed = features!(pooled, outputs: count, in: context)
      return classify(context.activation(mixed, ActivationFunction(activation)))
    }
  }
}
