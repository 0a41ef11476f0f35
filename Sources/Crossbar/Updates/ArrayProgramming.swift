import Foundation
import Runtime

/// A toy task: teach an array a matrix by examples alone (Nature Communications 15:7133, 2024).
///
/// x ~ N(0, 1), ŷ = Ŵ·x with Ŵ ~ N(0, 0.3), and d = ŷ − W·x: nothing but the array's own updates brings W to Ŵ.
public struct ArrayProgramming: Sendable {
  /// Outputs and inputs.
  public let side: Int
  /// Ŵ, `[side, side]`.
  public let target: [Float]
  private let stream: RandomStream

  /// A task.
  ///
  /// - Parameters:
  ///   - deviation: Of Ŵ.
  ///   - stream: Decides Ŵ and the examples.
  public init(side: Int = 20, deviation: Float = 0.3, stream: RandomStream) {
    self.side = side
    self.stream = stream
    var values = [Float](repeating: 0, count: side * side)
    stream.derived("target").fillGaussian(
      &values, count: values.count, standardDeviation: deviation)
    target = values
  }

  /// Trains on examples.
  ///
  /// - Parameter examples: Which examples; each has its own vector.
  public func train(_ update: inout some InMemoryUpdate, examples: Range<Int>) {
    var x = [Float](repeating: 0, count: side)
    for example in examples {
      stream.derived("examples").fillGaussian(&x, count: side, from: example * side)
      let weights = update.weights
      let d = (0..<side).map { output in
        (0..<side).reduce(Float(0)) {
          $0 + (target[output * side + $1] - weights[output * side + $1]) * x[$1]
        }
      }
      update.update(d, x)
    }
  }

  /// The root mean square of W − Ŵ, in units of the mean bound of weights, 1.
  public func error(_ weights: [Float]) -> Double {
    let square = zip(weights, target).reduce(0.0) {
      $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1))
    }
    return (square / Double(target.count)).squareRoot()
  }
}
