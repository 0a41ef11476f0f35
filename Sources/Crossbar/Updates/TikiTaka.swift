/// Tiki-Taka v1 (Gokmen & Haensch, Frontiers in Neuroscience 14, 2020): gradients go to a fast array A, which is
/// read column by column and moves the weights C.
///
/// A ⊕ pulsed(λ_A·d·xᵀ) at every pair; after every `period` pairs C ⊕ pulsed(λ_C·A·v_k), with v_k one input after
/// another. Weights are γ·A + C. A rests where its pulses up and down cancel, so the scheme wants symmetry points
/// at zero.
public struct TikiTaka: InMemoryUpdate {
  private var fast: PulsedArray
  private var slow: PulsedArray
  private let fastTrains: StochasticUpdate
  private let slowTrains: StochasticUpdate
  /// λ_A.
  public let fastRate: Float
  /// λ_C.
  public let transferRate: Float
  /// Pairs between two transfers.
  public let period: Int
  /// γ.
  public let fastWeight: Float
  /// The learning rate over that of the beginning; it counts in the transfer.
  public var schedule: Float = 1
  private var pairs = 0

  /// - Parameters:
  ///   - fast: A.
  ///   - slow: C, of the same size.
  public init(
    fast: PulsedArray, slow: PulsedArray, fastRate: Float, transferRate: Float, period: Int = 1,
    fastWeight: Float = 0, longestTrain: Int = 31
  ) {
    self.fast = fast
    self.slow = slow
    self.fastRate = fastRate
    self.transferRate = transferRate
    self.period = period
    self.fastWeight = fastWeight
    fastTrains = StochasticUpdate(step: fast.device.step, longestTrain: longestTrain)
    slowTrains = StochasticUpdate(step: slow.device.step, longestTrain: longestTrain)
  }

  /// γ·A + C.
  public var weights: [Float] {
    fastWeight == 0
      ? slow.weights : zip(fast.weights, slow.weights).map { fastWeight * $0 + $1 }
  }
  /// A and C.
  public var arrays: [PulsedArray] { [fast, slow] }

  /// Moves A, and C when a period is over.
  public mutating func update(_ d: [Float], _ x: [Float]) {
    fast.update(d, x, rate: fastRate, fastTrains)
    pairs += 1
    guard pairs.isMultiple(of: period) else { return }
    let column = pairs / period % fast.inputs
    var input = [Float](repeating: 0, count: fast.inputs)
    input[column] = 1
    slow.update(fast.column(column), input, rate: transferRate * schedule, slowTrains)
  }

  /// Those of both arrays.
  public var state: InMemoryState {
    get { InMemoryState(arrays: [fast.state, slow.state], pairs: pairs) }
    set {
      (fast.state, slow.state) = (newValue.arrays[0], newValue.arrays[1])
      pairs = newValue.pairs
    }
  }
}
