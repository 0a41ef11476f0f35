/// A device of two states, on and off, which it reaches exactly.
///
/// Krestinskaya and James (IEEE-NANO 2018, arXiv 1808.00737) train networks on two-state memristors; their
/// abstract gives no resistances. A hundred kilohm to ten megohm is taken, a ratio of 100.
public struct BinaryDevice: DeviceModel {
  /// What it is called.
  public let name = "binary-memristor"
  /// What it is, and whose.
  public let summary = "memristor of two states, 0.1 and 10 µS (arXiv 1808.00737 names none)"
  /// What it can be asked for, siemens.
  public let conductanceSiemens: ClosedRange<Float> = 0.1e-6...10e-6
  /// Two.
  public let stateCount: Int? = 2

  /// The device.
  public init() {}

  /// The nearer state.
  public func conductance(target: Float, seconds: Float, draws: DeviceDraws) -> Float {
    let range = conductanceSiemens
    return target - range.lowerBound < range.upperBound - target
      ? range.lowerBound : range.upperBound
  }
}
