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

  /// Builds the weights of a space; their first values are a function of `seed` and their names.
  public init(space: SupernetSpace, seed: UInt64) {
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
