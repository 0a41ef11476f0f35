/// A resistive memory device that was characterised at some times after programming: at each, the
/// conductance is spread around the target.
///
/// The published fits draw afresh at every time. Here all times after the first share a draw of
/// their own, so that a device keeps to one side of its target.
public struct ResistiveDevice: DeviceModel {
  /// What it is called.
  public let name: String
  /// What it is, and whose.
  public let summary: String
  /// What it can be asked for, siemens.
  public let conductanceSiemens: ClosedRange<Float>
  /// Standard deviation of a read relative to the conductance.
  public let readNoise: Float
  /// Standard deviation around the target, microsiemens, by the target in siemens: one a time.
  let spread: [(seconds: Float, deviation: @Sendable (Float) -> Float)]

  /// The times of the fits; nil where there is only one, which then holds for any time.
  public var characterisedSeconds: [Float]? {
    spread.count == 1 ? nil : spread.map(\.seconds)
  }

  /// Spread around the target as at the last time of a fit.
  public func conductance(target: Float, seconds: Float, draws: DeviceDraws) -> Float {
    let index = spread.lastIndex { $0.seconds <= seconds } ?? 0
    let draw = index == 0 ? draws.programming : draws.evolution
    return max(target + micro * spread[index].deviation(target) * draw, 0)
  }

  /// A share of the conductance.
  public func readDeviation(
    target: Float, initial: Float, conductance: Float, seconds: Float
  ) -> Float { readNoise * conductance }
}

extension ResistiveDevice {
  /// The ReRAM of Wan 2022, up to 40 µS, at 1 s, 1 day and 2 days (aihwkit, `noise/reram.py`).
  ///
  /// Reads deviate by about 1 %, which is no part of the fit.
  public static let wan = ResistiveDevice(
    name: "reram-wan",
    summary: "ReRAM of Wan et al. 2022, up to 40 µS, at 1 s, 1 d and 2 d (aihwkit)",
    conductanceSiemens: 0...40e-6, readNoise: 0.01,
    spread: [
      (1, { polynomial([0.348, 16.030, -43.853, 45.393, -16.815], at: $0 / 40e-6) }),
      (86_400, { polynomial([0.701, 22.086, -50.773, 47.095, -16.458], at: $0 / 40e-6) }),
      (172_800, { polynomial([0.782, 20.274, -43.507, 37.062, -11.934], at: $0 / 40e-6) }),
    ])

  /// The ReRAM of Wan 2022 as CrossSim fits it, up to 39.26 µS.
  public static let wanCrossSim = ResistiveDevice(
    name: "reram-wan-crosssim", summary: "ReRAM of Wan et al. 2022, up to 39.26 µS (CrossSim)",
    conductanceSiemens: 0...39.26e-6, readNoise: 0,
    spread: [(0, { polynomial([1.053, 0.2374, -1.167e-2, 1.536e-4], at: $0 / micro) })])

  /// The ReRAM of Milo et al., 50 to 225 µS (CrossSim).
  public static let milo = ResistiveDevice(
    name: "reram-milo", summary: "ReRAM of Milo et al., 50 to 225 µS (CrossSim)",
    conductanceSiemens: 50e-6...225e-6, readNoise: 0,
    spread: [(0, { max(polynomial([4.782321, -0.009107], at: $0 / micro), 0) })])

  /// The phase-change device of Joshi et al., up to 25 µS (CrossSim): programming error only.
  public static let joshi = ResistiveDevice(
    name: "pcm-joshi", summary: "phase-change memory of Joshi et al., up to 25 µS (CrossSim)",
    conductanceSiemens: 0...25e-6, readNoise: 0,
    spread: [(0, { polynomial([0.28638599, 0.07585724, -0.00178767], at: $0 / micro) })])
}
