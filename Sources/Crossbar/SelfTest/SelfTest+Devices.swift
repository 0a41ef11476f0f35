import Foundation

extension SelfTest {
  /// Published and recomputed standard deviations and drift.
  static func devices() throws -> [Check] { try programming() + exponents() + reads() + drift() }

  private static func programming() throws -> [Check] {
    // Microsiemens: target, standard deviation; digits as printed, in single precision.
    let known: [(device: String, seconds: Float, [(target: Float, deviation: Double)])] = [
      ("pcm", 0, [(2.5, 0.448249), (12.5, 0.952705), (25, 1.055380)]),
      ("hermes", 0, [(1.035, 0.381319), (20.7, 1.092699)]),
      ("pcm-joshi", 0, [(0, 0.286386), (5, 0.620980), (12.5, 0.955278), (25, 1.065523)]),
      (
        "reram-wan", 1,
        [
          (0, 0.348), (4, 1.556182), (10, 2.25827), (20, 2.022938), (30, 1.532988), (40, 1.103),
        ]
      ),
      (
        "reram-wan", 86_400, [(0, 0.701), (10, 3.720758), (20, 3.909), (30, 3.366477), (40, 2.651)]
      ),
      ("reram-wan-crosssim", 0, [(0, 1.053), (10, 2.4136), (20, 2.3618), (39.26, 1.680641)]),
      ("reram-milo", 0, [(50, 4.326971), (100, 3.871621), (225, 2.733246)]),
      ("sonos", 0, [(0.1, 0.008608461), (0.8, 0.019673844), (1.6, 0.019884373)]),
    ]
    return try known.flatMap { name, seconds, states in
      let device = try DeviceRegistry.device(name)
      return states.map { target, deviation in
        // One deviation up, where nothing is clamped.
        let draws = DeviceDraws(programming: 1, evolution: 1)
        let found = device.conductance(target: target * micro, seconds: seconds, draws: draws)
        return Check(
          group: "programming", name: "\(name) at \(target) µS, \(seconds) s, sd, µS",
          found: Double(found - target * micro) * 1e6, expected: deviation, tolerance: 2e-5)
      }
    }
  }

  /// Mean and deviation of drift exponents, of an average device and of one a deviation above.
  private static func exponents() throws -> [Check] {
    let known: [(device: PhaseChangeDevice, [(ratio: Float, mean: Double, deviation: Double)])] = [
      (.pcm, [(0.1, 0.060090, 0.022882), (0.5, 0.049, 0.008), (1, 0.049, 0.008)]),
      (.hermes, [(0.05, 0.097735, 0.02935), (1, 0.0174, 0.0048)]),
    ]
    return known.flatMap { device, states in
      states.flatMap { ratio, mean, deviation in
        let target = ratio * device.conductanceSiemens.upperBound
        func exponent(_ evolution: Float) -> Double {
          let draws = DeviceDraws(programming: 0, evolution: evolution)
          let seconds = device.referenceSeconds * 1e6
          let now = device.conductance(target: target, seconds: seconds, draws: draws)
          return -log(Double(now / target)) / log(1e6 + 1)
        }
        func check(_ name: String, _ found: Double, _ expected: Double) -> Check {
          Check(
            group: "drift", name: "\(device.name) at \(ratio) of the range, \(name)", found: found,
            expected: expected, tolerance: 5e-5)
        }
        return [
          check("mean exponent", exponent(0), mean),
          check("sd of exponents", exponent(1) - exponent(0), deviation),
        ]
      }
    }
  }

  /// Standard deviations of reads.
  private static func reads() throws -> [Check] {
    let device = ChargeTrapDevice()
    return [(Float(100), 4.672876), (800, 12.273851), (1600, 12.572902)].map {
      (nanosiemens: Float, expected: Double) in
      let siemens = nanosiemens * 1e-9
      let found = device.readDeviation(
        target: siemens, initial: siemens, conductance: siemens, seconds: 0)
      return Check(
        group: "reads", name: "sonos at \(nanosiemens) nS, sd, nS", found: Double(found) * 1e9,
        expected: expected, tolerance: 1e-5)
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
