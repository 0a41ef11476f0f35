import Autodiff
import Tensor

/// Declares the parameters and batch norms of a network, layer by layer.
///
/// Layers are structs that hold handles; the values live in one `ParameterStore`. All layers are
/// elastic: a call may use the first channels, heads or taps of what is stored.
public final class NetworkBuilder {
  /// The store that the parameters go to.
  public let store = ParameterStore()
  /// Channels of all batch norms so far.
  public private(set) var normChannels = 0
  /// The group of the parameters declared from now on.
  public var group = "all"
  private var prefix: [String] = []

  /// A builder with nothing declared.
  public init() {}

  /// Declares inside a name: `scoped("stage1") { … }` prefixes `stage1.`.
  public func scoped<R>(_ name: String, _ body: () -> R) -> R {
    prefix.append(name)
    defer { prefix.removeLast() }
    return body()
  }

  /// Declares a weight, Gaussian with the given deviation, with weight decay.
  public func weight(_ name: String, _ shape: Shape, deviation: Float) -> Parameter {
    store.declare(
      path(name), shape: shape, initializer: .gaussian(standardDeviation: deviation), decays: true,
      group: group)
  }

  /// Declares a bias, a scale or a table: one value everywhere, no weight decay.
  public func constant(_ name: String, _ shape: Shape, _ value: Float) -> Parameter {
    store.declare(
      path(name), shape: shape, initializer: .constant(value), decays: false, group: group)
  }

  /// Declares the statistics of a batch norm.
  public func norm(channels: Int) -> NormSlot {
    defer { normChannels += channels }
    return NormSlot(offset: normChannels, channels: channels)
  }

  private func path(_ name: String) -> String { (prefix + [name]).joined(separator: ".") }
}

/// The deviation of He initialisation: √(2 / fan-in) (He et al., ICCV 2015).
func heDeviation(fanIn: Int) -> Float { (2 / Float(fanIn)).squareRoot() }

/// The deviation that keeps the variance of a linear map: √(1 / fan-in).
func linearDeviation(fanIn: Int) -> Float { (1 / Float(fanIn)).squareRoot() }
