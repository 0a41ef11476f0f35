import Runtime

/// Why a subnet is trained in a step.
public enum DrawRole: String, Codable, Hashable, Sendable {
  /// The largest of the (restricted) space: it learns from the labels and teaches the others.
  case largest
  /// A drawn one.
  case random
  /// The smallest of the (restricted) space or of the bank.
  case smallest
}

/// One network of a training step.
public struct SubnetDraw: Codable, Hashable, Sendable {
  /// Why it is trained.
  public var role: DrawRole
  /// The subnet; for an attentive draw several, of which the losses decide.
  public var candidates: [Subnet]
  /// How an attentive draw decides.
  public var pick: Pick?

  package init(role: DrawRole, candidates: [Subnet], pick: Pick? = nil) {
    self.role = role
    self.candidates = candidates
    self.pick = pick
  }

  /// The subnet to train where there is nothing to decide.
  public var subnet: Subnet { candidates[0] }

  /// The candidate to train, from the loss of each on the same mini-batch.
  ///
  /// A loss that is not finite is never picked unless all are; equal ones fall to the first.
  public func chosen(losses: [Float]) -> Subnet {
    precondition(
      losses.count == candidates.count,
      "\(losses.count) losses for \(candidates.count) candidates")
    let finite = losses.indices.filter { losses[$0].isFinite }
    let index: Int?
    switch pick {
    case .worst:
      index = finite.max { losses[$0] < losses[$1] || losses[$0] == losses[$1] && $0 > $1 }
    case .best, nil: index = finite.min { losses[$0] < losses[$1] }
    }
    return candidates[index ?? 0]
  }
}

/// Chooses the subnets of each training step.
///
/// Draw k of step t is a function of (seed, t, k) and of the restricted space alone, so a resumed run
/// draws what an unbroken one would have drawn. Only banks remember losses; that is part of the
/// Codable state.
public struct SubnetSampler: Sendable {
  /// How subnets are chosen.
  public let choice: SamplerChoice
  /// The whole space.
  public let full: SupernetSpace
  /// What of it is sampled.
  public let restriction: Restriction
  /// The seed of the experiment.
  public let seed: UInt64
  /// The sub-space that is sampled.
  public let space: SupernetSpace
  /// What attentive and bank draws know of MACs.
  public let distribution: CostDistribution?
  /// The state of bank draws.
  public private(set) var banks: Banks?

  private var stream: RandomStream { RandomStream(seed: seed).derived("subnets") }

  /// A sampler at step 0.
  ///
  /// Attentive and bank samplers draw and count subnets here (some tenths of a second).
  public init(
    _ choice: SamplerChoice, space full: SupernetSpace, restriction: Restriction = .none,
    seed: UInt64
  ) {
    self.choice = choice
    self.full = full
    self.restriction = restriction
    self.seed = seed
    space = full.restricted(by: restriction)
    let stream = RandomStream(seed: seed).derived("distribution")
    switch choice {
    case .largest, .uniform, .sandwich:
      distribution = nil
    case .attentive(let options):
      distribution = CostDistribution(
        of: space, in: full, binMACs: options.binMACs, samples: options.samples, stream: stream)
    case .banks(let options):
      let table = CostDistribution(
        of: space, in: full, binMACs: Banks.tolerance(options, space, full),
        samples: options.samples,
        stream: stream)
      distribution = table
      banks = Banks(
        options, of: space, in: full, distribution: table,
        stream: RandomStream(seed: seed).derived("banks"))
    }
  }

  /// The networks of a step, in the order in which they are trained.
  public mutating func draws(step: Int) -> [SubnetDraw] {
    let stream = stream.derived(UInt64(step))
    func random(_ k: Int) -> SubnetDraw {
      SubnetDraw(role: .random, candidates: [space.randomSubnet(stream.derived(UInt64(k)))])
    }
    let largest = SubnetDraw(role: .largest, candidates: [space.largest])
    let smallest = SubnetDraw(role: .smallest, candidates: [space.smallest])
    switch choice {
    case .largest:
      return [largest]
    case .uniform(let count):
      return (0..<count).map(random)
    case .sandwich(let count):
      return [largest] + (0..<count).map(random) + [smallest]
    case .attentive(let options):
      let attentive = (0..<options.random).map { k in
        attentiveDraw(options, stream.derived(UInt64(k)))
      }
      return [largest] + attentive + [smallest]
    case .banks(let options):
      return bankDraws(options, step: step, stream)
    }
  }

  /// Tells the sampler the loss of a subnet that it drew in this step.
  ///
  /// Only banks remember it.
  public mutating func record(_ subnet: Subnet, loss: Float) {
    if case .banks(let options) = choice {
      banks?.record(subnet, loss: Double(loss), limit: options.memory)
    }
  }

  private func attentiveDraw(_ options: AttentiveOptions, _ stream: RandomStream) -> SubnetDraw {
    guard let distribution else { preconditionFailure("attentive draws without a distribution") }
    let bin = distribution.bin(stream)
    let candidates = (0..<options.candidates).map { candidate in
      distribution.subnet(of: space, in: full, bin: bin, stream.derived(UInt64(candidate))) {
        $0 / distribution.binMACs == distribution.bins[bin]
      }
    }
    return SubnetDraw(role: .random, candidates: candidates, pick: options.pick)
  }

  private mutating func bankDraws(
    _ options: BankOptions, step: Int, _ stream: RandomStream
  ) -> [SubnetDraw] {
    guard let distribution else { preconditionFailure("bank draws without a distribution") }
    guard var state = banks else { preconditionFailure("bank draws without banks") }
    state.walk(to: step, RandomStream(seed: seed).derived("walk"))
    banks = state
    let tolerance = Banks.tolerance(options, space, full)
    let random = (0..<options.networks - 1).map { k in
      SubnetDraw(
        role: .random,
        candidates: [
          state.draw(
            options, tolerance: tolerance, of: space, in: full, distribution: distribution,
            stream.derived(UInt64(k)))
        ])
    }
    return random
      + [SubnetDraw(role: .smallest, candidates: [state.banks[state.current].smallest])]
  }
}

extension SubnetSampler: Codable {
  private enum CodingKeys: String, CodingKey {
    case choice, space, restriction, seed, banks
  }

  /// Reads a state; tables that follow from the seed are made again.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try container.decode(SamplerChoice.self, forKey: .choice),
      space: try container.decode(SupernetSpace.self, forKey: .space),
      restriction: try container.decode(Restriction.self, forKey: .restriction),
      seed: try container.decode(UInt64.self, forKey: .seed))
    banks = try container.decodeIfPresent(Banks.self, forKey: .banks)
  }

  /// Writes the state.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(choice, forKey: .choice)
    try container.encode(full, forKey: .space)
    try container.encode(restriction, forKey: .restriction)
    try container.encode(seed, forKey: .seed)
    try container.encodeIfPresent(banks, forKey: .banks)
  }
}
