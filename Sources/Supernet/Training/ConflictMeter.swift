import Autodiff
import CKernels
import RunLog
import Runtime
import Tensor

/// Measures how far subnets pull shared weights in different directions: for each tensor and each
/// pair of subnets the cosine of their gradients, and the share of negative ones.
public struct ConflictMeter: Codable, Sendable {
  /// The sums over the samples of one tensor and one pair.
  public struct Tally: Codable, Sendable, Hashable {
    /// Sum of the cosines.
    public var cosines = 0.0
    /// Negative ones.
    public var negatives = 0
    /// Samples.
    public var samples = 0

    /// The mean cosine.
    public var cosine: Double { samples == 0 ? 0 : cosines / Double(samples) }
    /// The share of negative cosines.
    public var negativeShare: Double { samples == 0 ? 0 : Double(negatives) / Double(samples) }
  }

  /// By pair (`max|min`, `cnn|vit`…), for each parameter of the store.
  public private(set) var tallies: [String: [Tally]] = [:]

  /// A meter without samples.
  public init() {}

  /// Takes in the gradients of two subnets on one batch.
  ///
  /// A tensor that only one of them uses has no cosine and is not counted.
  package mutating func measure(
    _ pair: String, _ first: Gradients, _ second: Gradients, _ store: ParameterStore
  ) {
    var cosines = [Double?](repeating: nil, count: store.entries.count)
    cosines.withUnsafeMutableBufferPointer { cosines in
      parallelFor(store.entries.count) { index in
        let parameter = store.entries[index].parameter
        var products = [0.0, 0.0, 0.0]
        kk_dot_norms(
          &products, first.values + parameter.offset, second.values + parameter.offset,
          parameter.shape.count)
        let scale = (products[1] * products[2]).squareRoot()
        cosines[index] = scale > 0 ? products[0] / scale : nil
      }
    }
    var tally = tallies[pair] ?? [Tally](repeating: Tally(), count: cosines.count)
    for (index, cosine) in cosines.enumerated() {
      guard let cosine else { continue }
      tally[index].cosines += cosine
      tally[index].negatives += cosine < 0 ? 1 : 0
      tally[index].samples += 1
    }
    tallies[pair] = tally
  }

  /// The records of a window that ends with `step`, one for each tensor and pair with samples.
  func records(step: Int, phase: String, _ store: ParameterStore) -> [ConflictRecord] {
    tallies.keys.sorted().flatMap { pair in
      zip(store.entries, tallies[pair]!).compactMap { entry, tally in
        guard tally.samples > 0 else { return nil }
        return ConflictRecord(
          step: step, phase: phase, tensor: entry.name,
          layer: entry.name.split(separator: ".").prefix(2).joined(separator: "."),
          blockKind: entry.group, pair: pair, cosine: tally.cosine,
          negativeShare: tally.negativeShare, samples: tally.samples)
      }
    }
  }

  /// Mean cosine and mean share of negatives over the tensors of each parameter group.
  package func summary(_ store: ParameterStore) -> [ConflictSummary] {
    tallies.keys.sorted().flatMap { pair in
      var groups: [String: [Tally]] = [:]
      for (entry, tally) in zip(store.entries, tallies[pair]!) where tally.samples > 0 {
        groups[entry.group, default: []].append(tally)
      }
      return groups.keys.sorted().map { group in
        let members = groups[group]!
        let count = Double(members.count)
        return ConflictSummary(
          pair: pair, blockKind: group, cosine: members.reduce(0) { $0 + $1.cosine } / count,
          negativeShare: members.reduce(0) { $0 + $1.negativeShare } / count,
          tensors: members.count, samples: members.map(\.samples).max() ?? 0)
      }
    }
  }
}

/// Conflict of one pair of subnets over all tensors of one parameter group.
public struct ConflictSummary: Codable, Hashable, Sendable {
  /// Whose gradients were compared.
  public var pair: String
  /// The group: "stem", "mbconv", "vit", "head".
  public var blockKind: String
  /// Mean over tensors of the mean cosine.
  public var cosine: Double
  /// Mean over tensors of the share of negative cosines.
  public var negativeShare: Double
  /// Tensors compared.
  public var tensors: Int
  /// Samples of the most often compared tensor.
  public var samples: Int
}
