import Foundation
import RunLog
import Runtime
import SearchSpace

/// One subnet of a ranking: what the supernet says of it, and what it reaches on its own.
public struct RankedSubnet: Codable, Hashable, Sendable {
  /// The subnet.
  public var subnet: Subnet
  /// What it is made of.
  public var family: SubnetFamily
  /// Parameters of the subnet alone.
  public var parameters: Int
  /// Multiply-accumulates of one image.
  public var macs: Int
  /// With the supernet's weights, batch norms calibrated.
  public var supernet: SubnetScore
  /// With the supernet's weights, batch norms not calibrated: the negative control.
  public var uncalibrated: SubnetScore
  /// Trained alone from scratch; nil until it has been.
  public var alone: SubnetScore?
}

/// Whether a supernet tells better from worse subnets.
public enum RankVerdict: String, Codable, Sendable, CaseIterable {
  /// Its ranking is better than that by the best baseline, with 95 % confidence.
  case better
  /// It looks better, but so few networks may do so by chance.
  case unproven
  /// A baseline that needs no training ranks as well or better.
  case useless
}

/// What a ranking came to.
public struct RankResult: Codable, Hashable, Sendable {
  /// The run of the supernet.
  public var run: String
  /// The search space.
  public var space: String
  /// The data set.
  public var data: String
  /// The training step of the supernet.
  public var step: Int
  /// Steps of each stand-alone training.
  public var aloneSteps: Int
  /// The networks that have been trained alone, smallest first.
  public var subnets: [RankedSubnet]
  /// Tau-b of accuracy in the supernet against accuracy alone.
  public var supernetTau: Estimate?
  /// The same without calibration.
  public var uncalibratedTau: Estimate?
  /// Tau-b of parameters against accuracy alone.
  public var parametersTau: Estimate?
  /// Tau-b of MACs against accuracy alone.
  public var macsTau: Estimate?
  /// Supernet's tau less the best baseline's, from the same resamples.
  public var advantage: Estimate?
  /// Mean of accuracy alone less accuracy in the supernet, in points.
  public var gapPoints: Estimate?
  /// What it means.
  public var verdict: RankVerdict

  /// Computes the figures from the networks that are ready; needs at least three.
  init(
    _ plan: RankPlan, space: String, data: String, subnets all: [RankedSubnet],
    resamples: Int = 2000
  ) {
    let subnets = all.filter { $0.alone != nil }
    let stream = RandomStream(seed: plan.settings.seed).derived("bootstrap")
    let alone = subnets.map { $0.alone?.accuracy ?? 0 }
    let supernet = subnets.map(\.supernet.accuracy)
    func estimate(_ statistic: ([Int]) -> Double?) -> Estimate? {
      .bootstrap(count: subnets.count, resamples: resamples, stream: stream, statistic)
    }
    func tau(_ values: [Double]) -> Estimate? { estimate { kendallTau(values, alone, $0) } }
    let parameters = subnets.map { Double($0.parameters) }
    let macs = subnets.map { Double($0.macs) }
    run = plan.run
    self.space = space
    self.data = data
    step = plan.step
    aloneSteps = plan.config.steps
    self.subnets = subnets
    supernetTau = tau(supernet)
    uncalibratedTau = tau(subnets.map(\.uncalibrated.accuracy))
    parametersTau = tau(parameters)
    macsTau = tau(macs)
    let best = (parametersTau?.value ?? -1) >= (macsTau?.value ?? -1) ? parameters : macs
    advantage = estimate { indices in
      guard let own = kendallTau(supernet, alone, indices),
        let baseline = kendallTau(best, alone, indices)
      else { return nil }
      return own - baseline
    }
    gapPoints = estimate { indices in
      100 * indices.reduce(0) { $0 + alone[$1] - supernet[$1] } / Double(indices.count)
    }
    verdict = RankResult.verdict(advantage)
  }

  package static func verdict(_ advantage: Estimate?) -> RankVerdict {
    guard let advantage, advantage.value > 0 else { return .useless }
    return advantage.low > 0 ? .better : .unproven
  }

  /// The verdict in a sentence.
  public var explanation: String {
    let baseline =
      (parametersTau?.value ?? -1) >= (macsTau?.value ?? -1) ? "parameter count" : "MACs"
    let difference = advantage.map { String(format: "%+.3f", $0.value) } ?? "unknown"
    switch verdict {
    case .better:
      return "The supernet ranks subnets better than their \(baseline) does (\(difference))."
    case .unproven:
      return "The supernet's ranking is not shown to be better than that by \(baseline) "
        + "(\(difference), and the interval holds 0): rank more subnets."
    case .useless:
      return "This supernet is no help in choosing subnets: their \(baseline) alone ranks them as "
        + "well or better (\(difference))."
    }
  }
}
