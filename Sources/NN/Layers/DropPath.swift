import Autodiff
import Runtime

/// Drop-path of one residual block: the rate, and the stream that chooses the samples.
public struct DropPath: Sendable {
  /// Share of samples that lose the branch.
  public let rate: Float
  let stream: RandomStream

  /// Drops with `rate`; each branch of the block derives its own stream.
  public init(rate: Float, stream: RandomStream) {
    self.rate = rate
    self.stream = stream
  }
}

extension Context {
  /// The branch with some samples dropped; `index` numbers the branches of a block.
  func dropped(_ branch: Variable, _ dropPath: DropPath?, index: UInt64 = 0) -> Variable {
    guard let dropPath else { return branch }
    return self.dropPath(branch, rate: dropPath.rate, stream: dropPath.stream.derived(index))
  }
}
