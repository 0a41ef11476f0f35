import CKernels
import Runtime
import Tensor

extension Context {
  /// An activation function, deferred: the layer after applies it on load.
  public func activation(_ x: Variable, _ function: ActivationFunction) -> Variable {
    if function == .identity { return x }
    if let transform = x.transform, transform.activation != .identity {
      return activation(materialized(x), function)
    }
    // The gradient of a transformed variable is that of the value before the activation, which is
    // what flows into this node already: no new node is needed.
    return Variable(
      raw: x.raw, transform: Transform(affine: x.transform?.affine, activation: function),
      node: x.node)
  }

  /// The variable with its deferred transform carried out, for layers that need the values.
  public func materialized(_ x: Variable) -> Variable {
    guard let transform = x.transform else { return x }
    let y = transform.applied(to: x.raw)
    guard let tape, x.needsGradient else { return Variable(raw: y, node: -1) }
    let node = tape.record { slot in
      let (g, sums) = transform.gradient(slot.materialized()!, at: x.raw)
      tape.deposit(g, sums: sums, to: x.node)
    }
    return Variable(raw: y, node: node)
  }

  /// The values of a variable, outside the tape.
  public func value(_ x: Variable) -> Tensor {
    x.transform?.applied(to: x.raw) ?? x.raw
  }
}

extension Variable {
  /// The values, a deferred transform carried out.
  public var tensor: Tensor { transform?.applied(to: raw) ?? raw }
}
