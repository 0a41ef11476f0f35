import RunLog

/// What the training of a network on arrays came to.
public struct NetworkResult: Codable, Equatable, Sendable {
  /// The network.
  public var network: String
  /// The data set.
  public var data: String
  /// The arrays.
  public var crossbar: String
  /// How devices followed the training.
  public var rule: WriteRule
  /// Training steps.
  public var steps: Int
  /// Seconds of training and of the evaluations on the way.
  public var seconds: Double
  /// Training images a second.
  public var imagesPerSecond: Double
  /// Accuracy and writes at every evaluation; the last is that of the end.
  public var evaluations: [ArraysRecord]
  /// The run directory.
  public var run: String

  /// Accuracy at the end.
  public var accuracy: Double { evaluations.last?.accuracy ?? 0 }
  /// Times that a weight was programmed, on average.
  public var writesOfWeight: Double {
    evaluations.last.map { Double($0.writes) / Double(max($0.weights, 1)) } ?? 0
  }
  /// The most that one was.
  public var mostWrites: Int { evaluations.last?.layers.map(\.mostWrites).max() ?? 0 }
}
