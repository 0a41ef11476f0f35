import Crossbar

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
  /// Two-state devices with the sign of a digital weight (BinaryConnect).
  case binaryShadow = "binary-shadow"
  /// Two-state devices, toggled when updates that added up pass a threshold.
  case binaryThreshold = "binary-threshold"
  /// Two-state devices, toggled by chance in proportion to an update; no memory.
  case binaryStochastic = "binary-stochastic"
  /// Two-state devices, toggled where an update is among the largest of a layer; no memory.
  case binaryTop = "binary-top"

  /// Whether devices are programmed.
  public var writesDevices: Bool { self != .digital && self != .quantisationAware }

  /// When weights of two states are toggled; nil for other weights.
  var binary: BinaryProgrammer.Rule? {
    switch self {
    case .digital, .quantisationAware, .mixedPrecision, .naive: nil
    case .binaryShadow: .shadow
    case .binaryThreshold: .threshold
    case .binaryStochastic: .stochastic
    case .binaryTop: .top
    }
  }
}
