import Runtime
import Tensor

/// The record of a forward pass, and the gradients that flow back through it.
///
/// Each primitive adds one node with the closure that turns the gradient of its output into those
/// of its inputs. `backward` walks the nodes from last to first and drops each as it is done, so
/// the memory of the forward pass comes free along the way.
public final class Tape {
  /// What has arrived at a node.
  enum Slot {
    case empty
    /// A gradient; for a transformed variable also its channel sums (Σg, Σg·x), when known.
    case plain(Tensor, sums: ChannelSums?)
    /// A gradient that a batch norm passes on without writing it: d = a·g + b·y + c per channel.
    ///
    /// It is large and rare: held aside, it does not make every node large.
    indirect case normalized(NormalizedGradient)
  }

  private struct Node {
    var slot: Slot
    let backward: (Slot) -> Void
  }

  private var nodes: ContiguousArray<Node> = []

  /// An empty tape, with room for a usual network: growing copies all nodes.
  public init() { nodes.reserveCapacity(256) }

  /// The number of recorded nodes.
  public var count: Int { nodes.count }

  /// Adds a node; the closure runs once, with a slot that is not empty.
  func record(_ backward: @escaping (Slot) -> Void) -> Int {
    nodes.append(Node(slot: .empty, backward: backward))
    return nodes.count - 1
  }

  /// A variable whose gradient can be asked for with `gradient(of:)` after `backward`.
  public func leaf(_ tensor: Tensor) -> Variable {
    let node = record { _ in }
    leaves[node] = .some(nil)
    return Variable(raw: tensor, node: node)
  }

  private var leaves: [Int: Tensor?] = [:]

  /// The gradient that reached a leaf, or nil when none did.
  public func gradient(of leaf: Variable) -> Tensor? { leaves[leaf.node] ?? nil }

  /// Takes the plain gradient that has already arrived at a node, so that a consumer can add its
  /// own while it writes; the node is empty afterwards.
  func takePlain(_ node: Int) -> Tensor? {
    guard case .plain(let tensor, _) = nodes[node].slot else { return nil }
    nodes[node].slot = .empty
    return tensor
  }

  /// Delivers a gradient; one that is there already is added.
  func deposit(_ gradient: Tensor, sums: ChannelSums? = nil, to node: Int) {
    switch nodes[node].slot {
    case .empty:
      nodes[node].slot = .plain(gradient, sums: sums)
    case .plain(let other, _):
      nodes[node].slot = .plain(add(other, gradient), sums: nil)
    case .normalized(let other):
      nodes[node].slot = .plain(add(other.materialized(), gradient), sums: nil)
    }
  }

  /// Delivers a gradient that came through a batch norm.
  func deposit(_ gradient: NormalizedGradient, to node: Int) {
    switch nodes[node].slot {
    case .empty:
      nodes[node].slot = .normalized(gradient)
    case .plain(let other, _):
      nodes[node].slot = .plain(add(other, gradient.materialized()), sums: nil)
    case .normalized(let other):
      nodes[node].slot = .plain(add(other.materialized(), gradient.materialized()), sums: nil)
    }
  }

  /// Runs the backward pass from a loss `[1]` with gradient 1, and empties the tape.
  public func backward(from loss: Variable) {
    backward(from: [(loss, Tensor(repeating: 1, shape: loss.shape))])
  }

  /// Runs the backward pass from `outputs`, each with its gradient, and empties the tape.
  ///
  /// Gradients of parameters add to the context's `Gradients`.
  public func backward(from outputs: [(output: Variable, gradient: Tensor)]) {
    for (output, gradient) in outputs where output.node >= 0 {
      precondition(output.transform == nil, "backward from a deferred activation: materialize it")
      precondition(
        output.shape == gradient.shape,
        "gradient \(gradient.shape) for an output \(output.shape)")
      deposit(gradient, to: output.node)
    }
    while let node = nodes.popLast() {
      let index = nodes.count
      if leaves[index] != nil {
        leaves[index] = .some(node.slot.materialized())
      } else if case .empty = node.slot {
        continue
      } else {
        node.backward(node.slot)
      }
    }
  }

  /// Forgets everything recorded.
  public func reset() {
    nodes.removeAll(keepingCapacity: true)
    leaves.removeAll()
  }
}

extension Tape.Slot {
  /// The gradient as a tensor of its own, or nil when nothing arrived.
  func materialized() -> Tensor? {
    switch self {
    case .empty: nil
    case .plain(let tensor, _): tensor
    case .normalized(let gradient): gradient.materialized()
    }
  }
}
