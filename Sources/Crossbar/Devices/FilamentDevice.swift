import Foundation

/// CMO/HfOx filamentary ReRAM, one device, 9 to 88.2 µS (aihwkit): write-verify to an acceptance
/// range, relaxation in the logarithm of time, 1/f reads.
public struct FilamentDevice: DeviceModel {
  /// What it is called.
  public let name: String
  /// What it is, and whose.
  public let summary: String
  /// What it can be asked for, siemens.
  public let conductanceSiemens: ClosedRange<Float> = 9e-6...88.2e-6
  /// Offset (µS) and slope of the programming error.
  let programming: [Float]

  /// Programmed to within 0.2 % of the range.
  public static let fine = FilamentDevice(
    name: "reram-cmo", summary: "CMO/HfOx ReRAM, 9 to 88.2 µS, accepted within 0.2 % (aihwkit)",
    programming: [0.00081107, 0.00106879])

  /// Programmed to within 2 % of the range.
  public static let coarse = FilamentDevice(
    name: "reram-cmo-coarse",
    summary: "CMO/HfOx ReRAM, 9 to 88.2 µS, accepted within 2 % (aihwkit)",
    programming: [0.0112185391, 0.01129027418])

  /// Programmed, then relaxed; never outside the range.
  public func conductance(target: Float, seconds: Float, draws: DeviceDraws) -> Float {
    var g = target + micro * polynomial(programming, at: target / micro) * draws.programming
    // The fit of relaxation begins at one second.
    if seconds >= 1 {
      let age = log(seconds)
      let spread = polynomial([0.41183342, 0.04201137], at: age)
      g += micro * (-0.08900206 * age + spread * draws.evolution)
    }
    return g.clamped(conductanceSiemens.lowerBound, conductanceSiemens.upperBound)
  }

  /// 1/f noise, growing with the logarithm of time.
  public func readDeviation(
    target: Float, initial: Float, conductance: Float, seconds: Float
  ) -> Float {
    micro * 0.0277316483 * log10(conductance / micro)
      * max(log((seconds + 1e-6) / 2e-6), 0).squareRoot()
  }
}
