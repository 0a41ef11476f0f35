import Runtime
import Tensor

/// A handle on one trainable tensor of a `ParameterStore`.
public struct Parameter: Hashable, Sendable {
  /// Position in the store's list.
  public let index: Int
  /// The first float in the store's flat memory.
  public let offset: Int
  /// The stored shape, at its largest.
  public let shape: Shape
}

/// All trainable tensors of a network, one after the other in flat memory.
///
/// Flat memory makes an optimiser step, a clip, an EMA and a gradient projection one kernel over
/// everything; an elastic weight is a window of its parameter, never a copy.
public final class ParameterStore {
  /// What is known of one parameter.
  public struct Entry: Sendable {
    /// Unique name, dotted: `stage2.slot0.expand.weight`.
    public let name: String
    /// Where it is.
    public let parameter: Parameter
    /// Whether weight decay applies (weights yes, biases and norms no).
    public let decays: Bool
    /// The group a schedule can freeze: "stem", "mbconv", "vit", "head".
    public let group: String
  }

  /// How a parameter starts.
  public enum Initializer: Sendable, Equatable {
    /// One value everywhere.
    case constant(Float)
    /// Gaussian of this standard deviation.
    case gaussian(standardDeviation: Float)
  }

  /// Parameters in order of declaration.
  public private(set) var entries: [Entry] = []

  /// Floats in the flat memory, padding included.
  public private(set) var floatCount = 0

  private var memory = PooledMemory(count: 0)
  private var byName: [String: Int] = [:]

  /// An empty store.
  public init() {}

  /// Adds a parameter; `finish` gives it memory and its first values.
  public func declare(
    _ name: String, shape: Shape, initializer: Initializer, decays: Bool, group: String = "all"
  ) -> Parameter {
    precondition(byName[name] == nil, "parameter \(name) is declared twice")
    let parameter = Parameter(index: entries.count, offset: floatCount, shape: shape)
    byName[name] = entries.count
    entries.append(Entry(name: name, parameter: parameter, decays: decays, group: group))
    initializers.append(initializer)
    // Each parameter starts on a cache line, so no two share one.
    floatCount += (shape.count + 15) / 16 * 16
    return parameter
  }

  private var initializers: [Initializer] = []

  /// Allocates the memory and draws the first values; the draw of a parameter depends on the seed
  /// and its name only.
  public func finish(seed: UInt64) {
    memory = PooledMemory(count: floatCount)
    memory.floats.update(repeating: 0, count: floatCount)
    for (entry, initializer) in zip(entries, initializers) {
      let target = memory.floats + entry.parameter.offset
      switch initializer {
      case .constant(let value):
        target.update(repeating: value, count: entry.parameter.shape.count)
      case .gaussian(let deviation):
        RandomStream(seed: seed).derived("init").derived(entry.name).fillGaussian(
          target, count: entry.parameter.shape.count, mean: 0, standardDeviation: deviation)
      }
    }
  }

  /// The flat values.
  package var values: UnsafeMutablePointer<Float> { memory.floats }

  /// A tensor of the parameter's values that shares their memory.
  package func view(_ parameter: Parameter) -> Tensor {
    Tensor(
      memory: memory, offset: parameter.offset, shape: parameter.shape,
      rowStride: parameter.shape.channels)
  }

  /// A copy of the parameter's values.
  public func value(_ parameter: Parameter) -> Tensor { view(parameter).copy() }

  /// Replaces the parameter's values; `value` has its shape.
  public func set(_ parameter: Parameter, to value: Tensor) {
    precondition(
      value.shape == parameter.shape, "\(value.shape) for a parameter of \(parameter.shape)")
    let dense = value.contiguous()
    (values + parameter.offset).update(from: dense.pointer, count: value.shape.count)
  }

  /// The entry of this name.
  public func entry(named name: String) -> Entry? { byName[name].map { entries[$0] } }

  /// The number of trainable values, padding not counted.
  public var parameterCount: Int { entries.reduce(0) { $0 + $1.parameter.shape.count } }

  /// A copy of all values.
  public func snapshot() -> [Float] {
    Array(UnsafeBufferPointer(start: values, count: floatCount))
  }

  /// Restores what `snapshot` gave.
  public func restore(_ snapshot: [Float]) {
    precondition(snapshot.count == floatCount, "\(snapshot.count) values for \(floatCount)")
    snapshot.withUnsafeBufferPointer { values.update(from: $0.baseAddress!, count: floatCount) }
  }
}

/// Gradients of all parameters of a store, in the same flat layout.
public final class Gradients {
  package let memory: PooledMemory

  /// The floats, padding included.
  public var count: Int { memory.count }

  /// Zero gradients for `store`.
  public init(for store: ParameterStore) {
    memory = PooledMemory(count: store.floatCount)
    clear()
  }

  package var values: UnsafeMutablePointer<Float> { memory.floats }

  /// Sets all gradients to zero.
  public func clear() {
    let count = memory.count
    let values = values
    parallelChunks(count, of: 1 << 16) { range in
      (values + range.lowerBound).update(repeating: 0, count: range.count)
    }
  }

  /// A copy of one parameter's gradient.
  public func gradient(_ parameter: Parameter) -> Tensor {
    Tensor(
      memory: memory, offset: parameter.offset, shape: parameter.shape,
      rowStride: parameter.shape.channels
    ).copy()
  }
}
