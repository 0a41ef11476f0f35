import Foundation
import Runtime

/// The banks of MACs that a bank sampler walks through, with what they remember.
public struct Banks: Codable, Hashable, Sendable {
  /// A subnet and the loss that it had.
  public struct Memory: Codable, Hashable, Sendable {
    /// The subnet.
    public var subnet: Subnet
    /// Its loss on a mini-batch.
    public var loss: Double
  }

  /// One range of MACs.
  public struct Bank: Codable, Hashable, Sendable {
    /// Lower end in MACs.
    public var limit: Int
    /// The bank's own smallest subnet, which is trained at every visit.
    public var smallest: Subnet
    /// What it remembers, oldest first.
    public var memory: [Memory] = []
  }

  /// The banks, ascending.
  public internal(set) var banks: [Bank]
  /// The bank of `step`.
  public internal(set) var current: Int
  /// The step that `current` belongs to.
  public internal(set) var step: Int

  package static func tolerance(
    _ options: BankOptions, _ space: SupernetSpace, _ full: SupernetSpace
  )
    -> Int
  {
    guard options.toleranceMACs == 0 else { return options.toleranceMACs }
    return max(1, (full.macs(space.largest) - full.macs(space.smallest)) / 50)
  }

  init(
    _ options: BankOptions, of space: SupernetSpace, in full: SupernetSpace,
    distribution: CostDistribution, stream: RandomStream
  ) {
    // Banks at the very ends of a space would be empty: random subnets hardly ever get there.
    let low = distribution.quantile(0.01)
    let high = distribution.quantile(0.99)
    let limits =
      options.limits.isEmpty ? (0..<8).map { low + (high - low) * $0 / 8 } : options.limits
    banks = limits.enumerated().map { index, limit in
      let bin = distribution.bin(nearest: limit)
      let candidates = (0..<32).map { draw in
        distribution.subnet(
          of: space, in: full, bin: bin, stream.derived(UInt64(index), UInt64(draw))
        ) { $0 >= limit && $0 < limit + distribution.binMACs }
      }
      let fitting = candidates.filter { full.macs($0) >= limit }
      let pool = (fitting.isEmpty ? candidates : fitting).map { ($0, full.macs($0)) }
      return Bank(limit: limit, smallest: pool.min { $0.1 < $1.1 }?.0 ?? space.smallest)
    }
    current = limits.count / 2
    step = 0
  }

  /// Walks on to a step: one bank down, one up or stay, each with the same probability.
  mutating func walk(to target: Int, _ stream: RandomStream) {
    if target < step {
      step = 0
      current = banks.count / 2
    }
    while step < target {
      step += 1
      let move = stream.integer(at: UInt64(step), below: 3) - 1
      current = min(max(current + move, 0), banks.count - 1)
    }
  }

  /// Remembers a loss in the current bank; the newest replaces an older one of the same subnet, and
  /// a full memory forgets its oldest.
  mutating func record(_ subnet: Subnet, loss: Double, limit: Int) {
    guard loss.isFinite else { return }
    banks[current].memory.removeAll { $0.subnet == subnet }
    if banks[current].memory.count >= limit { banks[current].memory.removeFirst() }
    banks[current].memory.append(Memory(subnet: subnet, loss: loss))
  }

  /// A subnet of the current bank: from memory by softmax(−loss), or a fresh one.
  func draw(
    _ options: BankOptions, tolerance: Int, of space: SupernetSpace, in full: SupernetSpace,
    distribution: CostDistribution, _ stream: RandomStream
  ) -> Subnet {
    let bank = banks[current]
    let probability = min(
      1, options.memoryProbability + options.memoryRise * Double(step / options.memoryRiseSteps))
    if 2 * bank.memory.count >= options.memory, Double(stream.uniform(at: 0)) < probability {
      let best = bank.memory.map(\.loss).min() ?? 0
      let weights = bank.memory.map { exp(best - $0.loss) }
      var target = Double(stream.uniform(at: 1)) * weights.reduce(0, +)
      for (memory, weight) in zip(bank.memory, weights) {
        if target < weight { return memory.subnet }
        target -= weight
      }
    }
    let bin = distribution.bin(nearest: bank.limit + tolerance / 2)
    let candidates = (0..<options.candidates).map { candidate in
      distribution.subnet(of: space, in: full, bin: bin, stream.derived(UInt64(candidate))) {
        $0 >= bank.limit && $0 <= bank.limit + tolerance
      }
    }
    func inside(_ subnet: Subnet) -> Bool {
      let macs = full.macs(subnet)
      return macs >= bank.limit && macs <= bank.limit + tolerance
    }
    let fitting = candidates.filter(inside)
    let pool = fitting.isEmpty ? candidates : fitting
    return pool.max { widthOverDepth($0, bank, space) < widthOverDepth($1, bank, space) }
      ?? bank.smallest
  }

  /// How much wider and shallower than the bank's smallest subnet, as shares of the largest.
  private func widthOverDepth(_ subnet: Subnet, _ bank: Bank, _ space: SupernetSpace) -> Double {
    var score = 0.0
    for (index, stage) in space.stages.enumerated() {
      let (a, b) = (subnet.stages[index], bank.smallest.stages[index])
      score += Double(a.width - b.width) / Double(stage.widths.last ?? 1)
      score -= Double(a.blocks.count - b.blocks.count) / Double(stage.maxDepth)
    }
    return score
  }
}
