import Autodiff
import NN
import Runtime
import SearchSpace
import Tensor

/// A weight-sharing network: every weight of a search space stored once, at its largest.
///
/// A subnet is a list of windows into these weights; running or training one copies nothing.
public final class Supernet {
  /// The space whose weights these are.
  public let space: SupernetSpace
  /// All weights.
  public let store: ParameterStore
  /// Channels of all batch norms.
  public let normChannels: Int

  private let stem: ConvolutionUnit
  private let stages: [StageLayers]
  private let head: HeadLayers

  /// Bits that the inputs of layers with weights are rounded to; nil for none.
  public let inputBits: Int?
  private let inputQuantiser: InputQuantiser?

  /// Builds the weights of a space; their first values are a function of `seed` and their names.
  ///
  /// - Parameter inputBits: Bits that the inputs of layers with weights are rounded to, each layer within a range
  ///   that is trained; nil for none.
  public init(space: SupernetSpace, inputBits: Int? = nil, seed: UInt64) {
    let builder = NetworkBuilder()
    let stored = space.stored
    self.space = space
    builder.group = ParameterGroup.stem.rawValue
    stem = ConvolutionUnit("stem", stored.stem, in: builder)
    stages = stored.stages.map { StageLayers($0, in: builder) }
    builder.group = ParameterGroup.head.rawValue
    head = HeadLayers(stored.head, classes: space.classes, in: builder)
    store = builder.store
    normChannels = builder.normChannels
    self.inputBits = inputBits
    inputQuantiser = inputBits.map { InputQuantiser(bits: $0, inputsOf: builder.store) }
    store.finish(seed: seed)
  }

  /// Fresh statistics for this network's batch norms.
  public func makeNormStatistics(momentum: Float = 0) -> NormStatistics {
    NormStatistics(channels: normChannels, momentum: momentum)
  }

  /// The class scores of a subnet.
  ///
  /// - Parameters:
  ///   - images: `[batch, side, side, channels]`, the side being the plan's resolution.
  ///   - plan: The subnet, resolved by `space.plan(for:)`.
  ///   - vitScale: A factor on the residual branches of transformer blocks; 0 makes them the
  ///     identity, bit for bit.
  ///   - regularization: Dropout and drop-path, in training mode.
  ///   - context: Where parameters, statistics, tape and random numbers are.
  /// - Returns: `[batch, classes]`.
  public func logits(
    _ images: Variable, plan: NetworkPlan, vitScale: Float = 1,
    regularization: Regularization = .none, in context: Context
  ) -> Variable {
    precondition(
      images.shape.rank == 4 && images.shape[1] == plan.resolution
        && images.shape[3] == plan.inputChannels,
      "images \(images.shape) for a network of side \(plan.resolution), \(plan.inputChannels) channels"
    )
    var context = context
    context.inputQuantiser = inputQuantiser
    var x = stem(images, plan.stem, in: context)
    let dropPaths = regularization.dropPaths(blocks: plan.blocks.count, context.random)
    var block = 0
    for stage in plan.stages {
      let rates = dropPaths[block..<block + stage.blocks.count]
      block += stage.blocks.count
      x = stages[stage.index](x, stage, vitScale: vitScale, dropPaths: Array(rates), in: context)
    }
    return head(x, plan.head, dropout: regularization.dropout, in: context)
  }
}

extension ActivationFunction {
  /// The kernels' name of a search space's activation.
  init(_ activation: Activation) {
    switch activation {
    case .none: self = .identity
    case .relu: self = .relu
    case .hardswish: self = .hardSwish
    case .swish: self = .swish
    case .gelu: self = .gelu
    }
  }
}

extension InputQuantiser {
  /// Declares a range for the inputs of every weight of a store.
  fileprivate init(bits: Int, inputsOf store: ParameterStore) {
    let weights = store.entries.filter(\.decays)
    let ranges = weights.map { entry in
      store.declare(
        entry.name + Supernet.rangeSuffix, shape: [1], initializer: .constant(0), decays: false,
        group: entry.group)
    }
    self.init(
      bits: bits,
      ranges: Dictionary(uniqueKeysWithValues: zip(weights.map(\.parameter.index), ranges)))
  }
}

extension Supernet {
  /// What the range of a weight's inputs is called, after the weight.
  static let rangeSuffix = ".inputRange"

  /// The trained ranges of inputs, by the name of the weight.
  public var inputRanges: [String: Float] {
    let ranges = store.entries.filter { $0.name.hasSuffix(Self.rangeSuffix) }
    return Dictionary(
      uniqueKeysWithValues: ranges.map {
        (String($0.name.dropLast(Self.rangeSuffix.count)), store.values[$0.parameter.offset])
      })
  }
}
