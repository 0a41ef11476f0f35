import Foundation

/// SONOS charge-trap memory (CrossSim): errors that saturate with the current.
///
/// The fits are in nanoamperes, σ = A·(1 − e^(−I/B)). They name no read voltage; one volt is taken, so
/// that a nanoampere is a nanosiemens.
public struct ChargeTrapDevice: DeviceModel {
  /// What it is called.
  public let name = "sonos"
  /// What it is, and whose.
  public let summary = "SONOS charge-trap memory, up to 3200 nA at 1 V (CrossSim)"
  /// What it can be asked for, siemens.
  public let conductanceSiemens: ClosedRange<Float> = 0...3200e-9

  /// The device.
  public init() {}

  /// Programmed with an error that saturates with the current; kept for good.
  public func conductance(target: Float, seconds: Float, draws: DeviceDraws) -> Float {
    max(target + deviation(target, 19.88665, 176.3115) * draws.programming, 0)
  }

  /// As the current has it.
  public func readDeviation(
    target: Float, initial: Float, conductance: Float, seconds: Float
  ) -> Float { deviation(conductance, 12.58037, 215.36557) }

  private func deviation(_ siemens: Float, _ a: Float, _ b: Float) -> Float {
    1e-9 * a * (1 - exp(-siemens * 1e9 / b))
  }
}
