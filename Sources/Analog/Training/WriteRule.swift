/// How the devices of a layer follow its training.
public enum WriteRule: String, Codable, Hashable, Sendable, CaseIterable {
  /// No devices: weights are digital numbers.
  case digital
  /// No devices, but weights and converters round as devices and theirs do, and gradients pass straight
  /// through.
  case quantisationAware = "quantisation-aware"
  /// Updates add up in digital memory; a device is programmed when they pass a level.
  case mixedPrecision = "mixed-precision"
  /// Every update is written at once.
  case naive

  /// Whether devices are programmed.
  public var writesDevices: Bool { self == .mixedPrecision || self == .naive }
}
