import Runtime

/// How the choices of a space and the MACs of its subnets go together, learnt from random subnets.
///
/// P(bin) and, for each bin and gene, P(option | bin): AttentiveNAS' offline table. A draw inside a
/// bin takes each gene from that table and is repeated until its MACs fall into the bin.
public struct CostDistribution: Codable, Hashable, Sendable {
  /// Width of a bin in MACs; bin i holds i · width ≤ MACs < (i + 1) · width.
  public let binMACs: Int
  /// Indices of the bins that hold a subnet, ascending.
  public let bins: [Int]
  /// Random subnets that fell into each bin.
  public let counts: [Int]
  /// For each bin, gene and option, how many of the bin's subnets had it.
  let options: [[[Int]]]

  /// Draws `samples` subnets of a restricted space and counts.
  ///
  /// - Parameters:
  ///   - full: the space in which MACs are counted.
  ///   - binMACs: width of a bin; 0 for a fortieth of the span of the space.
  public init(
    of space: SupernetSpace, in full: SupernetSpace, binMACs: Int = 0, samples: Int = 10_000,
    stream: RandomStream
  ) {
    var width = binMACs
    if width == 0 {
      let span = full.macs(space.largest) - full.macs(space.smallest)
      width = max(1, span / 40)
    }
    let genes = space.genes
    var table: [Int: (count: Int, options: [[Int]])] = [:]
    let empty = genes.map { [Int](repeating: 0, count: $0.options) }
    for sample in 0..<samples {
      let draw = stream.derived(UInt64(sample))
      let genome = genes.indices.map { draw.integer(at: UInt64($0), below: genes[$0].options) }
      let bin = full.macs(space.subnet(genome: genome)) / width
      for (gene, option) in genome.enumerated() {
        table[bin, default: (0, empty)].options[gene][option] += 1
      }
      table[bin, default: (0, empty)].count += 1
    }
    self.binMACs = width
    bins = table.keys.sorted()
    counts = bins.map { table[$0]?.count ?? 0 }
    options = bins.map { table[$0]?.options ?? [] }
  }

  /// The position in ``bins`` of a draw from P(bin).
  package func bin(_ stream: RandomStream) -> Int {
    categorical(counts, Double(stream.uniform(at: 0)))
  }

  /// The position in ``bins`` nearest to some MACs.
  package func bin(nearest macs: Int) -> Int {
    let target = macs / binMACs
    return bins.indices.min { abs(bins[$0] - target) < abs(bins[$1] - target) } ?? 0
  }

  /// MACs below which a share of random subnets lies, to the width of a bin.
  func quantile(_ share: Double) -> Int {
    bins[categorical(counts, share)] * binMACs
  }

  /// A subnet drawn gene by gene from P(option | bin), until `accept` takes its MACs.
  ///
  /// After `tries` rejections the last one is taken anyway, as AttentiveNAS does.
  func subnet(
    of space: SupernetSpace, in full: SupernetSpace, bin: Int, tries: Int = 100,
    _ stream: RandomStream, accept: (Int) -> Bool
  ) -> Subnet {
    var subnet = space.largest
    for attempt in 0...tries {
      let draw = stream.derived(UInt64(attempt))
      let genome = options[bin].enumerated().map { gene, counts in
        categorical(counts, Double(draw.uniform(at: UInt64(gene))))
      }
      subnet = space.subnet(genome: genome)
      if accept(full.macs(subnet)) { break }
    }
    return subnet
  }
}

/// The option that a uniform number in [0, 1) falls on, in proportion to counts.
func categorical(_ counts: [Int], _ uniform: Double) -> Int {
  let target = uniform * Double(counts.reduce(0, +))
  var sum = 0.0
  for (index, count) in counts.enumerated() {
    sum += Double(count)
    if target < sum { return index }
  }
  return counts.lastIndex { $0 > 0 } ?? 0
}

extension SupernetSpace {
  /// MACs of a subnet that is known to fit.
  func macs(_ subnet: Subnet) -> Int {
    resolve(subnet).cost.macs
  }
}
