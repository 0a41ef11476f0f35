import Runtime
import Tensor

/// What travels with a forward pass: parameter values, where gradients go, the tape, the mode and
/// the random stream.
///
/// There is no global training flag.
public struct Context {
  /// How layers behave.
  public enum Mode: Sendable, Equatable {
    /// Batch statistics, dropout on.
    case training
    /// Stored statistics, dropout off.
    case inference
    /// Batch statistics, which are gathered into the norm statistics; dropout off.
    case calibration
  }

  /// Values of all parameters.
  public let store: ParameterStore
  /// Means and variances of the batch norms.
  public let norms: NormStatistics
  /// Where parameter gradients add up; nil when none are wanted.
  public var gradients: Gradients?
  /// The tape; nil records nothing.
  public var tape: Tape?
  /// How layers behave.
  public var mode: Mode
  /// The stream of this pass; every use derives its own from it.
  public var random: RandomStream
  /// Parameters that get no gradient, by index.
  public var frozen: Set<Int> = []
  /// What rounds the inputs of layers with weights; nil for nothing.
  public var inputQuantiser: InputQuantiser?
  /// Who multiplies with weights in inference; nil for the kernels.
  public var products: (any MatrixProducts)?
  /// The number of the first image of this pass among all images of an evaluation.
  public var firstImage = 0

  /// A context.
  public init(
    store: ParameterStore, norms: NormStatistics, gradients: Gradients? = nil, tape: Tape? = nil,
    mode: Mode, random: RandomStream = RandomStream(seed: 0)
  ) {
    self.store = store
    self.norms = norms
    self.gradients = gradients
    self.tape = tape
    self.mode = mode
    self.random = random
  }

  /// Where the gradient of a parameter adds up, or nil when it is not wanted.
  func gradientTarget(_ parameter: Parameter) -> UnsafeMutablePointer<Float>? {
    guard let gradients, tape != nil, !frozen.contains(parameter.index) else { return nil }
    return gradients.values
  }

  /// Whether an operation on this input and these parameters has to be recorded.
  func records(_ input: Variable, parameters first: Parameter, _ second: Parameter? = nil) -> Bool {
    guard tape != nil else { return false }
    if input.needsGradient { return true }
    guard gradients != nil else { return false }
    return !frozen.contains(first.index) || second.map { !frozen.contains($0.index) } ?? false
  }

  /// Whether an operation on these inputs has to be recorded.
  func records(_ input: Variable, _ other: Variable? = nil) -> Bool {
    tape != nil && (input.needsGradient || other?.needsGradient ?? false)
  }
}
