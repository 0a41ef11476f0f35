import Autodiff
import CKernels
import Runtime
import Tensor

/// Stochastic gradient descent with momentum (Sutskever et al., ICML 2013), Nesterov's if asked, and
/// coupled weight decay.
public struct SGD: Optimizer {
  /// Decay rate of the velocity; 0 for plain descent.
  public var momentum: Float
  /// Whether the step looks ahead along the velocity.
  public var nesterov: Bool
  /// Added to the gradient as `weightDecay · weight`.
  public var weightDecay: Float
  /// Steps taken.
  public private(set) var stepCount = 0

  private var velocity: Tensor

  /// An optimiser for `store`, with zero velocity.
  public init(
    for store: ParameterStore, momentum: Float = 0.9, nesterov: Bool = true, weightDecay: Float = 0
  ) {
    self.momentum = momentum
    self.nesterov = nesterov
    self.weightDecay = weightDecay
    velocity = Tensor(shape: [store.floatCount])
  }

  /// Takes one step.
  public mutating func step(
    _ store: ParameterStore, _ gradients: Gradients, _ options: StepOptions
  ) {
    stepCount += 1
    let use = options.clip.kernelUse(gradients, clears: options.clearsGradients)
    let velocity = velocity
    StepSegment.forEachChunk(StepSegment.all(of: store, options)) { segment, begin, count in
      var parameters = kk_sgd(
        learning_rate: options.learningRate * segment.rateScale, momentum: momentum,
        weight_decay: segment.decays ? weightDecay : 0, nesterov: nesterov ? 1 : 0, use: use)
      kk_sgd_step(
        store.values + begin, gradients.values + begin, velocity.pointer + begin, count,
        &parameters)
    }
    if options.clearsGradients && !options.frozenGroups.isEmpty { gradients.clear() }
  }

  /// The state by name, for a checkpoint.
  public var state: [(name: String, values: Tensor)] { [("sgd.velocity", velocity)] }

  /// Restores what `state` gave.
  public mutating func restore(stepCount: Int, state: [String: Tensor]) throws {
    velocity = try state.flat("sgd.velocity", count: velocity.shape.count)
    self.stepCount = stepCount
  }
}
