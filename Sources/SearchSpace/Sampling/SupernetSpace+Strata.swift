import BigInt
import Foundation
import Runtime

extension SupernetSpace {
  /// Different subnets spread evenly over the logarithm of the space's MACs, the smallest first.
  ///
  /// The span from smallest to largest is cut into `count` strata; each gives one subnet, and where
  /// some are empty the others give more. A tiny space is looked at as a whole, of a larger one many
  /// random subnets are. A function of the seed.
  ///
  /// - Throws: `KirchhoffError` when the space has fewer subnets.
  public func stratifiedSubnets(_ count: Int, seed: UInt64) throws -> [Subnet] {
    guard size >= BigUInt(count) else {
      throw KirchhoffError(
        .usage, subject: "space \"\(name)\"", place: "subnets", found: "\(count) asked for",
        expected: "at most \(size), as many as there are")
    }
    let pool = candidates(atLeast: count, RandomStream(seed: seed).derived("strata"))
    guard pool.count >= count else {
      throw KirchhoffError(
        .usage, subject: "space \"\(name)\"", place: "subnets", found: "\(count) asked for",
        expected: "far fewer than its \(size)", hint: "random draws found \(pool.count) different")
    }
    let cost = pool.map { log(Double(max(1, macs($0)))) }
    let low = cost.min() ?? 0
    let width = max(1e-12, ((cost.max() ?? 0) - low) / Double(count))
    var strata = [[Subnet]](repeating: [], count: count)
    for (subnet, cost) in zip(pool, cost).reversed() {
      strata[min(count - 1, Int((cost - low) / width))].append(subnet)
    }
    var chosen: [Subnet] = []
    while chosen.count < count {
      for index in strata.indices where chosen.count < count {
        if let subnet = strata[index].popLast() { chosen.append(subnet) }
      }
    }
    return chosen.sorted { (macs($0), $0.id) < (macs($1), $1.id) }
  }

  /// All subnets of a tiny space, else the extremes and random ones, in a random order.
  private func candidates(atLeast count: Int, _ stream: RandomStream) -> [Subnet] {
    if size <= BigUInt(4096) {
      let order = stream.permutation(of: Int(size))
      return order.map { subnet(at: BigUInt($0)) }
    }
    var seen: Set<Subnet> = []
    let draws = (0..<max(2000, 64 * count)).map { randomSubnet(stream.derived(UInt64($0))) }
    return ([smallest, largest] + draws).filter { seen.insert($0).inserted }
  }
}
