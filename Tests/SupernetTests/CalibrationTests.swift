import Kirchhoff
import Testing

/// Batch-norm calibration against statistics that the test works out by itself in double precision.
@Suite struct CalibrationTests {
  private struct Moments {
    var means: [Double]
    /// Biased.
    var variances: [Double]
    var rows: Int
    var samples: Int
  }

  /// Means and biased variances by channel of the stem's convolution of `images`.
  private func stemMoments(_ supernet: Supernet, _ images: Tensor) throws -> Moments {
    let entry = try #require(supernet.store.entry(named: "stem.convolution.weight"))
    let weight = supernet.store.value(entry.parameter)
    let (batch, side, channels) = (images.shape[0], images.shape[1], weight.shape[0])
    let rows = batch * side * side
    var moments = Moments(means: [], variances: [], rows: rows, samples: batch)
    for channel in 0..<channels {
      var values: [Double] = []
      for image in 0..<batch {
        for y in 0..<side {
          for x in 0..<side {
            var sum = 0.0
            for dy in 0..<3 {
              for dx in 0..<3 {
                let (row, column) = (y + dy - 1, x + dx - 1)
                guard (0..<side).contains(row), (0..<side).contains(column) else { continue }
                sum += Double(weight[channel, dy, dx, 0]) * Double(images[image, row, column, 0])
              }
            }
            values.append(sum)
          }
        }
      }
      let mean = values.reduce(0, +) / Double(rows)
      moments.means.append(mean)
      moments.variances.append(
        values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rows))
    }
    return moments
  }

  /// The statistics of inference by the words of each convention.
  private func expected(
    _ batches: [Moments], _ convention: CalibrationConvention
  ) -> (means: [Double], variances: [Double]) {
    func average(_ value: (Moments) -> [Double]) -> [Double] {
      let weights = batches.map { convention == .cumulative ? 1 : Double($0.samples) }
      return batches[0].means.indices.map { channel in
        zip(batches, weights).reduce(0) { $0 + value($1.0)[channel] * $1.1 }
          / weights.reduce(0, +)
      }
    }
    let means = average(\.means)
    let variances = average { batch in
      let unbiased = Double(batch.rows) / Double(batch.rows - 1)
      return batch.variances.map { convention == .sampleWeightedBiased ? $0 : $0 * unbiased }
    }
    return (means, variances)
  }

  private func compare(
    _ norms: NormStatistics, _ expected: (means: [Double], variances: [Double])
  ) {
    for channel in expected.means.indices {
      // Single-precision sums over chunks of rows, added up in double precision.
      #expect(abs(Double(norms.means[channel]) - expected.means[channel]) < 1e-6)
      #expect(
        abs(Double(norms.variances[channel]) / expected.variances[channel] - 1) < 1e-6)
    }
  }

  @Test(
    "Calibrated statistics are means of batch statistics, as each convention has them",
    arguments: CalibrationConvention.allCases)
  func conventions(_ convention: CalibrationConvention) throws {
    let space = TinySpaces.hybrid
    let supernet = Supernet.random(space)
    let plan = try space.plan(for: space.largest)
    // Few values a batch, and batches of different sizes: all conventions differ visibly.
    let batches = [1, 3, 2].enumerated().map { gaussianImages($1, seed: UInt64($0)) }
    let norms = supernet.makeNormStatistics()
    norms.beginCalibration(convention)
    for images in batches {
      let context = Context(store: supernet.store, norms: norms, mode: .calibration)
      _ = supernet.logits(Variable(constant: images), plan: plan, in: context)
    }
    norms.endCalibration()
    let moments = try batches.map { try stemMoments(supernet, $0) }
    compare(norms, expected(moments, convention))
    for other in CalibrationConvention.allCases where other != convention {
      let difference = abs(
        Double(norms.variances[0]) / expected(moments, other).variances[0] - 1)
      #expect(difference > 1e-4, "\(convention) and \(other) look alike")
    }
  }

  @Test(
    "An evaluator calibrates on the first training batches of its order",
    arguments: CalibrationConvention.allCases)
  func evaluator(_ convention: CalibrationConvention) throws {
    let folder = try TemporaryFolder()
    let data = try TinyImages.load(in: folder)
    let space = TinySpaces.hybrid
    let supernet = Supernet.random(space)
    let normalisation = try Normalisation(measuredOn: data.training)
    var calibration = TrainingConfig.Calibration()
    calibration.convention = convention
    calibration.batchSize = 8
    calibration.batches = 5
    let evaluator = try SubnetEvaluator(
      supernet, data: data, normalisation: normalisation, calibration: calibration)
    let loader = try BatchLoader(
      data.training, options: BatchLoader.Options(batchSize: 8, normalisation: normalisation))
    let moments = try (0..<5).map { index in
      let (epoch, batch) = (index / loader.batchesPerEpoch, index % loader.batchesPerEpoch)
      return try stemMoments(supernet, loader.batch(epoch: epoch, index: batch).images)
    }
    compare(try evaluator.statistics(space.largest), expected(moments, convention))
  }

  @Test("Statistics are kept by subnet until the weights change")
  func cache() throws {
    let folder = try TemporaryFolder()
    let data = try TinyImages.load(in: folder)
    let space = TinySpaces.hybrid
    let supernet = Supernet.random(space)
    let evaluator = try SubnetEvaluator(
      supernet, data: data, normalisation: Normalisation(measuredOn: data.training),
      calibration: TrainingConfig.Calibration())
    let first = try evaluator.statistics(space.largest)
    #expect(try evaluator.statistics(space.largest) === first)
    #expect(try evaluator.statistics(space.smallest) !== first)
    evaluator.weightsChanged()
    let again = try evaluator.statistics(space.largest)
    #expect(again !== first)
    #expect(again.means == first.means && again.variances == first.variances)
    #expect(
      try evaluator.score(space.largest).loss
        != evaluator.score(
          space.largest, calibrated: false
        ).loss)
  }
}
