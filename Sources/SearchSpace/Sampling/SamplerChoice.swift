import Configuration

/// Which of its candidates an attentive draw trains.
public enum Pick: String, Codable, Hashable, Sendable, CaseIterable {
  /// The one of the lowest loss (BestUp).
  case best
  /// The one of the highest loss (WorstUp).
  case worst
}

/// Attentive sampling (Wang et al., AttentiveNAS, CVPR 2021).
///
/// A draw fixes a range of MACs, takes `candidates` subnets out of it and trains the best or the
/// worst of them on the same mini-batch.
public struct AttentiveOptions: Codable, Hashable, Sendable {
  /// Attentive draws a step, between the largest and the smallest subnet.
  public var random: Int
  /// Candidates a draw.
  public var candidates: Int
  /// Which candidate is trained.
  public var pick: Pick
  /// Width of a range of MACs; 0 for a fortieth of the span between smallest and largest subnet.
  public var binMACs: Int
  /// Subnets drawn offline to learn how choices and MACs go together.
  public var samples: Int

  /// The published setting is BestUp-3 with ranges of 25 M MACs on its own space.
  public init(
    random: Int = 2, candidates: Int = 3, pick: Pick = .best, binMACs: Int = 0,
    samples: Int = 10_000
  ) {
    self.random = random
    self.candidates = candidates
    self.pick = pick
    self.binMACs = binMACs
    self.samples = samples
  }
}

/// Bank sampling (Tang et al., ElasticViT, ICCV 2023).
///
/// All subnets of a step come from one small range of MACs, and the range makes a lazy random walk
/// from step to step.
public struct BankOptions: Codable, Hashable, Sendable {
  /// Lower ends of the banks in MACs, ascending; empty for eight even ones over the
  /// MACs that random subnets have (1 to 99 %).
  public var limits: [Int]
  /// Width of a bank in MACs; 0 for a fiftieth of the span of the space.
  public var toleranceMACs: Int
  /// Subnets a step, the bank's smallest among them.
  public var networks: Int
  /// Candidates of a fresh draw, of which the widest and shallowest is taken.
  public var candidates: Int
  /// Subnets with their losses that a bank remembers.
  public var memory: Int
  /// Probability of drawing from a memory that is at least half full.
  public var memoryProbability: Double
  /// How much that probability rises each `memoryRiseSteps` steps.
  public var memoryRise: Double
  /// Steps between rises.
  ///
  /// The publication leaves it open; this is our reading.
  public var memoryRiseSteps: Int
  /// Subnets drawn offline to learn how choices and MACs go together.
  public var samples: Int

  /// The published numbers where there are any.
  public init(
    limits: [Int] = [], toleranceMACs: Int = 0, networks: Int = 4, candidates: Int = 5,
    memory: Int = 150, memoryProbability: Double = 0.2, memoryRise: Double = 0.15,
    memoryRiseSteps: Int = 1000, samples: Int = 10_000
  ) {
    self.limits = limits
    self.toleranceMACs = toleranceMACs
    self.networks = networks
    self.candidates = candidates
    self.memory = memory
    self.memoryProbability = memoryProbability
    self.memoryRise = memoryRise
    self.memoryRiseSteps = memoryRiseSteps
    self.samples = samples
  }
}

/// How the subnets of a training step are chosen.
public enum SamplerChoice: Hashable, Sendable {
  /// Only the largest subnet (training a teacher).
  case largest
  /// Some random subnets (OFA, AutoFormer).
  case uniform(count: Int)
  /// The largest, some random ones, the smallest (US-Nets, BigNAS).
  case sandwich(random: Int)
  /// The sandwich rule with attentive draws in its middle.
  case attentive(AttentiveOptions)
  /// Subnets of one bank.
  case banks(BankOptions)
}

extension SamplerChoice: Codable {
  private enum Kind: String, CaseIterable {
    case largest, uniform, sandwich, attentive, banks
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case kind, count, random, candidates, pick, binMACs, samples
    case limits, toleranceMACs, networks, memory, memoryProbability, memoryRise, memoryRiseSteps
  }

  /// Reads `kind` and the keys that belong to it; other keys are errors.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    let kind = try fields.word(.kind, or: Kind.sandwich)
    func only(_ keys: Set<CodingKeys>) throws {
      for key in fields.present where key != .kind && !keys.contains(key) {
        let known = keys.map(\.stringValue).sorted().joined(separator: ", ")
        throw FieldError(
          fields.path + [key], found: "key \"\(key.stringValue)\"",
          expected: known.isEmpty ? "no other key for \(kind.rawValue)" : "one of " + known)
      }
    }
    func count(_ key: CodingKeys, or fallback: Int, atLeast low: Int) throws -> Int {
      let value = try fields.value(key, or: fallback)
      guard value >= low else {
        throw FieldError(fields.path + [key], found: "\(value)", expected: "at least \(low)")
      }
      return value
    }
    func probability(_ key: CodingKeys, or fallback: Double) throws -> Double {
      let value = try fields.value(key, or: fallback)
      guard value >= 0, value <= 1 else {
        throw FieldError(fields.path + [key], found: value.short, expected: "0 to 1")
      }
      return value
    }
    switch kind {
    case .largest:
      try only([])
      self = .largest
    case .uniform:
      try only([.count])
      self = .uniform(count: try count(.count, or: 1, atLeast: 1))
    case .sandwich:
      try only([.random])
      self = .sandwich(random: try count(.random, or: 2, atLeast: 0))
    case .attentive:
      try only([.random, .candidates, .pick, .binMACs, .samples])
      self = .attentive(
        AttentiveOptions(
          random: try count(.random, or: 2, atLeast: 0),
          candidates: try count(.candidates, or: 3, atLeast: 1),
          pick: try fields.word(.pick, or: .best),
          binMACs: try count(.binMACs, or: 0, atLeast: 0),
          samples: try count(.samples, or: 10_000, atLeast: 100)))
    case .banks:
      try only([
        .limits, .toleranceMACs, .networks, .candidates, .memory, .memoryProbability, .memoryRise,
        .memoryRiseSteps, .samples,
      ])
      let limits: [Int] = try fields.value(.limits, or: [])
      guard zip(limits, limits.dropFirst()).allSatisfy({ $0 < $1 }) else {
        throw FieldError(
          fields.path + [CodingKeys.limits], found: "\(limits)", expected: "ascending MACs")
      }
      self = .banks(
        BankOptions(
          limits: limits, toleranceMACs: try count(.toleranceMACs, or: 0, atLeast: 0),
          networks: try count(.networks, or: 4, atLeast: 1),
          candidates: try count(.candidates, or: 5, atLeast: 1),
          memory: try count(.memory, or: 150, atLeast: 1),
          memoryProbability: try probability(.memoryProbability, or: 0.2),
          memoryRise: try probability(.memoryRise, or: 0.15),
          memoryRiseSteps: try count(.memoryRiseSteps, or: 1000, atLeast: 1),
          samples: try count(.samples, or: 10_000, atLeast: 100)))
    }
  }

  /// Writes `kind` and the keys that belong to it.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .largest:
      try container.encode(Kind.largest.rawValue, forKey: .kind)
    case .uniform(let count):
      try container.encode(Kind.uniform.rawValue, forKey: .kind)
      try container.encode(count, forKey: .count)
    case .sandwich(let random):
      try container.encode(Kind.sandwich.rawValue, forKey: .kind)
      try container.encode(random, forKey: .random)
    case .attentive(let options):
      try container.encode(Kind.attentive.rawValue, forKey: .kind)
      try options.encode(to: encoder)
    case .banks(let options):
      try container.encode(Kind.banks.rawValue, forKey: .kind)
      try options.encode(to: encoder)
    }
  }
}
