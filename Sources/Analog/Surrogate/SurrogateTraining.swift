import Autodiff
import Crossbar
import Foundation
import NN
import RunLog
import Runtime
import Tensor

/// Learns a surrogate from solved networks, and holds it against what needs no learning.
public struct SurrogateTraining: Sendable {
  /// What it stands for.
  public var arrays: SurrogateArrays
  /// Networks to learn from.
  public var samples: Int
  /// Networks to be tested on.
  public var testSamples = 1000
  /// Passes over the networks.
  public var epochs: Int
  /// Decides networks and first weights.
  public var seed: UInt64

  private static let batch = 128

  /// So many samples and epochs that N = 16 takes about a minute on two cores, N = 32 a few.
  public init(side: Int, seed: UInt64 = 1) {
    arrays = SurrogateArrays(side: side)
    samples = side <= 16 ? 60_000 : 40_000
    epochs = 20
    self.seed = seed
  }

  /// Errors on networks that were not learned from: root mean squares over all columns, in units of that of the
  /// currents themselves.
  public struct Report: Codable, Hashable, Sendable {
    /// N.
    public var side: Int
    /// Networks learned from.
    public var samples: Int
    /// Of the surrogate.
    public var surrogateError: Double
    /// Of linear cells behind the same lines, solved exactly.
    public var linearError: Double
    /// Of ideal cells times one factor, the best for these networks.
    public var scaledError: Double
    /// The lowest and the highest share of the ideal current over the real one.
    public var shares: [Double]
    /// Seconds of solving networks, and of learning.
    public var solvingSeconds: Double
    /// Seconds of learning.
    public var learningSeconds: Double
  }

  /// Steps of all: a step a chunk of networks, and one an epoch.
  public var steps: Int { samples + testSamples + epochs * samples / 10 }

  /// Learns it.
  ///
  /// - Parameter progress: Called with the steps taken and what is being done.
  /// - Throws: `KirchhoffError` where a network has no solution, and what `progress` throws.
  public func run(
    progress: (Int, String) throws -> Void
  ) throws -> (surrogate: CurrentSurrogate, report: Report) {
    let stream = RandomStream(seed: seed).derived("surrogate")
    let begun = Date()
    let known = try arrays.samples(0..<samples, stream) { try progress($0, "solving") }
    let tests = try arrays.samples(samples..<samples + testSamples, stream) {
      try progress(samples + $0, "solving")
    }
    let solved = Date()
    let surrogate = try learned(known, stream) { epoch in
      try progress(samples + testSamples + epoch * samples / 10, "learning")
    }
    let report = report(
      surrogate, tests, solvingSeconds: solved.timeIntervalSince(begun),
      learningSeconds: Date().timeIntervalSince(solved))
    return (surrogate, report)
  }

  private func learned(
    _ known: [SurrogateArrays.Sample], _ stream: RandomStream, progress: (Int) throws -> Void
  ) throws -> CurrentSurrogate {
    let side = arrays.side
    let shares = known.flatMap { zip($0.ideal, $0.amperes).map { $0 / $1 } }
    let surrogate = CurrentSurrogate(
      arrays, shares: (shares.min() ?? 0)...(shares.max() ?? 1), seed: seed)
    let standard = Standard(known, shares)
    let size = Self.size(known.flatMap(\.ideal))
    let steps = max(known.count / Self.batch, 1)
    let schedule = LearningRateSchedule(base: 3e-3)
    var optimizer = AdamW(for: surrogate.store, weightDecay: 0.1)
    let gradients = Gradients(for: surrogate.store)
    for epoch in 0..<epochs {
      let order = stream.derived("order").derived(UInt64(epoch)).permutation(of: known.count)
      for step in 0..<steps {
        let chosen = order[step * Self.batch..<min((step + 1) * Self.batch, known.count)]
        let inputs = standard.inputs(chosen.map { known[$0].inputs })
        let tape = Tape()
        let context = Context(
          store: surrogate.store, norms: NormStatistics(channels: 0), gradients: gradients,
          tape: tape, mode: .training)
        let outputs = surrogate.outputs(inputs, in: context)
        let found = outputs.tensor.floats
        var slopes = [Float](repeating: 0, count: found.count)
        for (row, number) in chosen.enumerated() {
          for column in 0..<side {
            let index = row * side + column
            // Of the mean square of the error of currents: an error of a share counts by its current.
            let current = Float(known[number].ideal[column] / size)
            let error = found[index] - standard.share(shares[number * side + column])
            slopes[index] = 2 * error * current * current / Float(found.count)
          }
        }
        tape.backward(from: [(outputs, Tensor(slopes, shape: outputs.shape))])
        optimizer.step(
          surrogate.store, gradients,
          StepOptions(
            learningRate: schedule.rate(step: epoch * steps + step, of: epochs * steps)))
      }
      try progress(epoch + 1)
    }
    surrogate.fold(
      inputMeans: standard.means, inputScales: standard.scales, shareMean: standard.shareMean,
      shareScale: standard.shareScale)
    return surrogate
  }

  /// Root mean square.
  private static func size(_ values: [Double]) -> Double {
    (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
  }

  /// Inputs and shares less their means, over their deviations: what learns well.
  private struct Standard {
    var means: [Float]
    var scales: [Float]
    let shareMean: Float
    let shareScale: Float

    init(_ known: [SurrogateArrays.Sample], _ shares: [Double]) {
      let count = Float(known.count)
      means = [Float](repeating: 0, count: known[0].inputs.count)
      scales = means
      for sample in known {
        for (index, value) in sample.inputs.enumerated() { means[index] += value / count }
      }
      for sample in known {
        for (index, value) in sample.inputs.enumerated() {
          scales[index] += (value - means[index]) * (value - means[index]) / count
        }
      }
      // An input that never changes says nothing.
      scales = scales.map { max($0.squareRoot(), 1e-3) }
      let mean = shares.reduce(0, +) / Double(shares.count)
      shareMean = Float(mean)
      shareScale = Float(max(SurrogateTraining.size(shares.map { $0 - mean }), 1e-6))
    }

    func inputs(_ rows: [[Float]]) -> Tensor {
      let width = means.count
      let result = Tensor(uninitialized: [rows.count, width])
      let target = result.pointer
      for (row, values) in rows.enumerated() {
        for index in 0..<width {
          target[row * width + index] = (values[index] - means[index]) / scales[index]
        }
      }
      return result
    }

    func share(_ share: Double) -> Float { (Float(share) - shareMean) / shareScale }
  }

  private func report(
    _ surrogate: CurrentSurrogate, _ tests: [SurrogateArrays.Sample], solvingSeconds: Double,
    learningSeconds: Double
  ) -> Report {
    let inputs = Tensor(
      tests.flatMap(\.inputs), shape: [tests.count, tests[0].inputs.count])
    let context = Context(
      store: surrogate.store, norms: NormStatistics(channels: 0), mode: .inference)
    let shares = surrogate.shares(surrogate.outputs(inputs, in: context).tensor)
    let (real, ideal, linear) = (
      tests.flatMap(\.amperes), tests.flatMap(\.ideal), tests.flatMap(\.linear)
    )
    let learned = zip(ideal, shares).map { $0 / $1 }
    let factor =
      zip(ideal, real).reduce(0) { $0 + $1.0 * $1.1 } / ideal.reduce(0) { $0 + $1 * $1 }
    let size = real.reduce(0) { $0 + $1 * $1 }
    func error(_ found: [Double]) -> Double {
      (zip(found, real).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / size).squareRoot()
    }
    return Report(
      side: arrays.side, samples: samples, surrogateError: error(learned),
      linearError: error(linear), scaledError: error(ideal.map { factor * $0 }),
      shares: [surrogate.shares.lowerBound, surrogate.shares.upperBound],
      solvingSeconds: solvingSeconds, learningSeconds: learningSeconds)
  }
}
