import Runtime

extension SelfTest {
  /// Rules of training on arrays, with their published results.
  static func updates() -> [Check] { accumulator() + symmetryPoint() }

  /// Mixed precision's whole steps and remainders, ε = 0.1.
  private static func accumulator() -> [Check] {
    var rule = ChiAccumulator(outputs: 1, inputs: 5, granularity: 0.1)
    rule.accumulate([0.25, -0.31, 0.05, 0.099, 1])
    let pulses = rule.transfer()
    let known: [(pulses: Double, left: Double)] = [
      (2, 0.05), (-3, -0.01), (0, 0.05), (0, 0.099), (10, 0),
    ]
    return known.enumerated().flatMap { index, expected in
      [
        Check(
          group: "updates", name: "pulses of χ, device \(index)", found: Double(pulses[index]),
          expected: expected.pulses, tolerance: 0),
        // Single precision of a χ of 1.
        Check(
          group: "updates", name: "χ left, device \(index)", found: Double(rule.chi[index]),
          expected: expected.left, tolerance: 1e-6),
      ]
    }
  }

  /// Soft bounds rest at (α⁺ − α⁻)/(α⁺/upper − α⁻/lower).
  private static func symmetryPoint() -> [Check] {
    let array = PulsedArray(
      .rasch(states: 20), outputs: 4, inputs: 1, chip: RandomStream(seed: 1))
    let points = array.symmetryPoints ?? []
    return points.enumerated().map { index, point in
      let (up, down) = (array.stepUp[index], array.stepDown[index])
      let expected = (up - down) / (up / array.upper[index] - down / array.lower[index])
      return Check(
        group: "updates", name: "symmetry point, device \(index)", found: Double(point),
        expected: Double(expected), tolerance: 1e-5)
    }
  }
}
