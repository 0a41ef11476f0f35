import NN
import Runtime

/// Noise in training that keeps a network from leaning on single features or blocks.
public struct Regularization: Codable, Hashable, Sendable {
  /// Share of features dropped before the classifier.
  public var dropout: Float = 0
  /// Share of samples whose residual branch is dropped in the last block; it falls linearly to zero
  /// before the first (Huang et al., "Deep networks with stochastic depth", ECCV 2016).
  public var dropPath: Float = 0

  /// Rates of dropout and drop-path.
  public init(dropout: Float = 0, dropPath: Float = 0) {
    self.dropout = dropout
    self.dropPath = dropPath
  }

  /// No noise.
  public static let none = Regularization()

  /// The drop-path of each of `blocks` blocks.
  func dropPaths(blocks: Int, _ stream: RandomStream) -> [DropPath?] {
    (0..<blocks).map { block in
      dropPath == 0
        ? nil
        : DropPath(
          rate: dropPath * Float(block + 1) / Float(blocks),
          stream: stream.derived("drop-path").derived(UInt64(block)))
    }
  }
}
