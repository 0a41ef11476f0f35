/// A device that has and keeps exactly the conductance that it is asked for.
public struct IdealDevice: DeviceModel {
  /// What it is called.
  public let name = "ideal"
  /// What it is, and whose.
  public let summary = "keeps what it is asked for"
  /// What it can be asked for, siemens.
  public let conductanceSiemens: ClosedRange<Float>

  /// Up to `maximumSiemens`; the default is that of the PCM device.
  public init(maximumSiemens: Float = 25e-6) { conductanceSiemens = 0...maximumSiemens }

  /// The target.
  public func conductance(target: Float, seconds: Float, draws: DeviceDraws) -> Float { target }
}
