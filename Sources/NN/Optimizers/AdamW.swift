import Autodiff
import CKernels
import Foundation
import Runtime
import Tensor

/// Adam with decoupled weight decay.
///
/// Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
public struct AdamW: Optimizer {
  /// Decay rates of the two averages.
  public var betas: (Float, Float)
  /// Added to the root of the second average.
  public var epsilon: Float
  /// Decoupled decay, times the learning rate a step.
  public var weightDecay: Float
  /// Steps taken.
  public private(set) var stepCount = 0

  private var first: Tensor
  private var second: Tensor

  /// An optimiser for `store`, with zero averages.
  public init(
    for store: ParameterStore, betas: (Float, Float) = (0.9, 0.999), epsilon: Float = 1e-8,
    weightDecay: Float = 0.01
  ) {
    self.betas = betas
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    first = Tensor(shape: [store.floatCount])
    second = Tensor(shape: [store.floatCount])
  }

  /// Takes one step.
  public mutating func step(
    _ store: ParameterStore, _ gradients: Gradients, _ options: StepOptions
  ) {
    stepCount += 1
    let use = options.clip.kernelUse(gradients, clears: options.clearsGradients)
    let correction1 = Float(1 / (1 - pow(Double(betas.0), Double(stepCount))))
    let correction2 = Float(1 / (1 - pow(Double(betas.1), Double(stepCount))).squareRoot())
    let first = first
    let second = second
    let segments = StepSegment.all(of: store, options)
    StepSegment.forEachChunk(segments) { segment, begin, count in
      var parameters = kk_adamw(
        learning_rate: options.learningRate * segment.rateScale, beta1: betas.0, beta2: betas.1,
        epsilon: epsilon, weight_decay: segment.decays ? weightDecay : 0, correction1: correction1,
        correction2: correction2, use: use)
      kk_adamw_step(
        store.values + begin, gradients.values + begin, first.pointer + begin,
        second.pointer + begin, count, &parameters)
    }
    if options.clearsGradients && !options.frozenGroups.isEmpty { gradients.clear() }
  }

  /// The state by name, for a checkpoint.
  public var state: [(name: String, values: Tensor)] {
    [("adamw.first", first), ("adamw.second", second)]
  }

  /// Restores what `state` gave.
  public mutating func restore(stepCount: Int, state: [String: Tensor]) throws {
    first = try state.flat("adamw.first", count: first.shape.count)
    second = try state.flat("adamw.second", count: second.shape.count)
    self.stepCount = stepCount
  }
}

extension [String: Tensor] {
  /// The flat state tensor of this name and length, as a copy of its own.
  func flat(_ name: String, count: Int) throws -> Tensor {
    guard let tensor = self[name] else {
      throw KirchhoffError(
        .checkpoint, subject: "optimiser state", place: name, found: "nothing",
        expected: "a tensor of \(count) floats")
    }
    guard tensor.shape.count == count else {
      throw KirchhoffError(
        .checkpoint, subject: "optimiser state", place: name, found: "shape \(tensor.shape)",
        expected: "[\(count)]")
    }
    return tensor.copy().reshaped([count])
  }
}
