import Analog
import Crossbar

/// How the study trains LeNet: what follows the optimiser, and whether weights are noisy while it does.
public enum BulkSwitchingMethod: String, Codable, CaseIterable, Sendable {
  /// Numbers alone.
  case digital
  /// Rounded as devices are.
  case quantisationAware = "quantisation-aware"
  /// On devices that are programmed past a threshold.
  case mixedPrecision = "mixed-precision"
  /// The same, with noise on all weights at every pass, as large as what other chips miss their targets by.
  case noisyMixedPrecision = "mixed-precision-noise"
  /// On devices that are written at every step.
  case naive

  /// Name of its rows and lines.
  public var title: String {
    switch self {
    case .digital: "digital"
    case .quantisationAware: "quantisation-aware"
    case .mixedPrecision: "mixed precision"
    case .noisyMixedPrecision: "mixed precision, weight noise in training"
    case .naive: "naive"
    }
  }

  /// Whether the network is moved to other chips.
  var isMoved: Bool { self != .naive }

  var rule: WriteRule {
    switch self {
    case .digital: .digital
    case .quantisationAware: .quantisationAware
    case .mixedPrecision, .noisyMixedPrecision: .mixedPrecision
    case .naive: .naive
    }
  }

  /// In units of the largest weight; nil for none.
  var weightNoise: Float? {
    guard self == .noisyMixedPrecision else { return nil }
    let device = BulkSwitchingDevice.twoBitTransfer
    return device.programmingLevels / Float(device.levels - 1)
  }
}
