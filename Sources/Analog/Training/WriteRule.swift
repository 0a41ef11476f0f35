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
  /// Pulses on the weights themselves (Gokmen & Vlasov 2016).
  case inMemoryDescent = "in-memory-sgd"
  /// Updates add up in χ; whole steps are sent as blind pulses (arXiv 2001.11773).
  case chi
  /// Pulses go to a fast array, which is read column by column and moves the weights (Tiki-Taka v1).
  case tikiTaka = "tiki-taka"
  /// The same with a digital buffer in between (Tiki-Taka v2).
  case tikiTaka2 = "tiki-taka-v2"
  /// The same with choppers (c-TTv2).
  case chopped = "c-ttv2"
  /// The same with a reference that follows the reads (AGAD).
  case dynamicReference = "agad"

  /// Whether devices are programmed.
  public var writesDevices: Bool { self != .digital && self != .quantisationAware }

  /// When weights of two states are toggled; nil for other weights.
  var binary: BinaryProgrammer.Rule? {
    switch self {
    case .digital, .quantisationAware, .mixedPrecision, .naive, .inMemoryDescent, .chi, .tikiTaka,
      .tikiTaka2, .chopped, .dynamicReference:
      nil
    case .binaryShadow: .shadow
    case .binaryThreshold: .threshold
    case .binaryStochastic: .stochastic
    case .binaryTop: .top
    }
  }

  /// How pulses train the weights in memory; nil where weights are programmed.
  var inMemory: InMemoryRule? {
    switch self {
    case .inMemoryDescent: .descent
    case .chi: .chi
    case .tikiTaka: .tikiTaka
    case .tikiTaka2: .tikiTaka2
    case .chopped: .chopped
    case .dynamicReference: .dynamicReference
    case .digital, .quantisationAware, .mixedPrecision, .naive, .binaryShadow, .binaryThreshold,
      .binaryStochastic, .binaryTop:
      nil
    }
  }
}
