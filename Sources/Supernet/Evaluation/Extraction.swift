import Autodiff
import Datasets
import RunLog
import Runtime
import SearchSpace
import Tensor

/// How far an extracted network's class scores are from those of the supernet's slice.
public struct ExtractionProof: Codable, Hashable, Sendable {
  /// Test images compared.
  public var images: Int
  /// The largest absolute difference of a logit.
  public var largestDifference: Float
  /// Images that both put into the same class.
  public var sameClass: Int
  /// The largest difference that is taken for rounding.
  ///
  /// Sums over the same numbers in the same order differ by nothing; where an attention is fused in
  /// one of both, by a few units in the last place of logits of about ten.
  public var tolerance = ExtractionProof.tolerance

  /// The largest difference that is taken for rounding.
  public static let tolerance: Float = 1e-5

  /// Whether the network is the slice.
  public var holds: Bool { largestDifference <= tolerance }
}

extension TrainedSupernet {
  /// Cuts a subnet out and writes it to a file, which takes its name only when all went well.
  ///
  /// - Parameters:
  ///   - subnet: The subnet.
  ///   - path: The file.
  ///   - calibration: How batch norms get their statistics; as in the training by default.
  ///   - verifies: Whether the file is read back and compared with the supernet's slice.
  /// - Returns: The network as read back, and the comparison.
  /// - Throws: `KirchhoffError` when the subnet is not of the space, the file cannot be written, or
  ///   the comparison fails (`.numerical`).
  public func extract(
    _ subnet: Subnet, to path: String, calibration: TrainingConfig.Calibration? = nil,
    verifies: Bool = true
  ) throws -> (network: StandaloneNetwork, proof: ExtractionProof?) {
    let calibration = calibration ?? config.calibration
    let norms = try evaluator(calibration: calibration).statistics(subnet)
    let network = try StandaloneNetwork(
      subnet, of: self, norms: norms, calibration: calibration)
    return try AtomicFile.replace(path) { temporary in
      try network.write(to: temporary)
      guard verifies else { return (network, nil) }
      let written = try StandaloneNetwork(contentsOf: temporary)
      let proof = try compare(written, norms: norms)
      guard proof.holds else {
        throw KirchhoffError(
          .numerical, subject: path, place: "logits of \(proof.images) images",
          found: "a difference of \(proof.largestDifference) from the supernet's slice",
          expected: "at most \(ExtractionProof.tolerance)", hint: "nothing was written")
      }
      return (written, proof)
    }
  }

  /// Compares a network's class scores on test images with those of its slice.
  ///
  /// - Parameters:
  ///   - network: The network.
  ///   - norms: The batch-norm statistics of the slice, calibrated in the supernet.
  ///   - images: Test images; all where there are fewer.
  public func compare(
    _ network: StandaloneNetwork, norms: NormStatistics, images: Int = 256
  ) throws -> ExtractionProof {
    let loader = try SubnetEvaluator.loader(
      data.test.subset(limit: images), normalisation: normalisation)
    let plan = try supernet.space.plan(for: network.subnet)
    var proof = ExtractionProof(images: 0, largestDifference: 0, sameClass: 0)
    for index in 0..<loader.batchesPerEpoch {
      let batch = resized(try loader.batch(index: index).images, side: plan.resolution)
      let expected = supernet.classify(batch, plan: plan, norms: norms)
      let found = network.classify(batch)
      proof.add(found.floats, expected.floats, classes: plan.classes)
    }
    return proof
  }
}

extension ExtractionProof {
  fileprivate mutating func add(_ found: [Float], _ expected: [Float], classes: Int) {
    for (a, b) in zip(found, expected) {
      // A difference that is no number is no agreement either.
      let difference = abs(a - b)
      largestDifference = difference.isNaN ? .infinity : max(largestDifference, difference)
    }
    for begin in stride(from: 0, to: found.count, by: classes) {
      func best(_ values: [Float]) -> Int? {
        (begin..<begin + classes).max { values[$0] < values[$1] }
      }
      images += 1
      sameClass += best(found) == best(expected) ? 1 : 0
    }
  }
}
