extension SelfTest {
  /// Published and recomputed standard deviations and drift.
  static func devices() throws -> [Check] { try programming() + drift() }

  private static func programming() throws -> [Check] {
    // Microsiemens: target, standard deviation right after programming. The tables give six or seven
    // digits; single precision and clamping at 0 leave 1e-5.
    let known: [(device: String, [(target: Float, deviation: Double)])] = [
      ("pcm", [(12.5, 0.952705), (25, 1.055380)]),
      ("hermes", [(20.7, 1.092699)]),
      ("pcm-joshi", [(5, 0.620980), (12.5, 0.955278), (25, 1.065523)]),
      ("reram-wan", [(10, 2.25827), (20, 2.022938), (30, 1.532988), (40, 1.103)]),
      ("reram-wan-crosssim", [(20, 2.3618), (39.26, 1.680641)]),
      ("reram-milo", [(50, 4.326971), (100, 3.871621), (225, 2.733246)]),
      ("sonos", [(0.8, 0.019673844), (1.6, 0.019884373)]),
    ]
    return try known.flatMap { name, states in
      let device = try DeviceRegistry.device(name)
      return states.map { target, deviation in
        let found = device.expectedStatistics(target: target * micro, seconds: 0)
        return Check(
          group: "programming", name: "\(name) at \(target) µS, sd, µS",
          found: found.deviationSiemens * 1e6, expected: deviation, tolerance: 1e-4)
      }
    }
  }

  /// Without programming error: what drift exponents and 1/f noise leave.
  private static func drift() throws -> [Check] {
    let known: [(target: Float, [(seconds: Float, mean: Double, deviation: Double)])] = [
      (
        2.5,
        [
          (3600, 1.841448, 0.409762), (86_400, 1.538438, 0.429104),
          (2_592_000, 1.276025, 0.444157), (31_536_000, 1.116372, 0.449629),
        ]
      ),
      (
        12.5,
        [
          (3600, 9.697490, 0.755380), (86_400, 8.312665, 0.808134),
          (2_592_000, 7.052095, 0.850387), (31_536_000, 6.252436, 0.867668),
        ]
      ),
      (
        25,
        [
          (3600, 19.394980, 1.146145), (86_400, 16.625330, 1.341187),
          (2_592_000, 14.104191, 1.492399), (31_536_000, 12.504873, 1.562481),
        ]
      ),
    ]
    let device = PhaseChangeDevice.pcm
    return known.flatMap { target, moments in
      moments.flatMap { seconds, mean, deviation in
        let found = device.expectedStatistics(
          target: target * micro, seconds: seconds, programmingNoise: false)
        func check(_ name: String, _ found: Double, _ expected: Double) -> Check {
          Check(
            group: "drift", name: "pcm at \(target) µS after \(seconds) s, \(name), µS",
            found: found * 1e6, expected: expected, tolerance: 1e-4)
        }
        return [
          check("mean", found.meanSiemens, mean),
          check(
            "sd of devices and reads",
            (found.deviationSiemens * found.deviationSiemens
              + found.readDeviationSiemens * found.readDeviationSiemens).squareRoot(), deviation),
        ]
      }
    }
  }
}
