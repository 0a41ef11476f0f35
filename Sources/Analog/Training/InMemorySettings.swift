import Configuration
import Crossbar
import RunLog
import Runtime

/// The devices and constants of rules that train weights where they are, by pulses.
public struct InMemorySettings: Codable, Hashable, Sendable {
  /// The devices of the weights.
  public var device = PulsedDeviceChoice.named("soft-bounds")
  /// The devices of the fast array of the Tiki-Taka family; absent: those of the weights.
  public var fastDevice: PulsedDeviceChoice?
  /// Pairs of vectors between two transfers from the fast array.
  public var period = 5
  /// The longest pulse train, in slots.
  public var longestTrain = 5
  /// Tiki-Taka v1: the rate of transfers, in learning rates.
  public var transferRate: Float = 1
  /// γ₀ of Tiki-Taka v2 and its kin: what the buffer's rate is divided by.
  public var transferScale: Float = 200
  /// The probability that a chopper flips after its input is read.
  public var flips: Float = 0.1
  /// β of AGAD: how fast the mean of reads forgets.
  public var forgetting: Float = 0.5
  /// Standard deviation of what is known of symmetry points about where they are, in units of weights.
  public var referenceError: Float = 0

  /// The constants of the toy task of Rasch et al., Nature Communications 15:7133 (2024).
  public init() {}

  /// Reads settings; what is left out is as published.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    device = try keys.decodeIfPresent(PulsedDeviceChoice.self, forKey: .device) ?? device
    fastDevice = try keys.decodeIfPresent(PulsedDeviceChoice.self, forKey: .fastDevice)
    period = try keys.decodeIfPresent(Int.self, forKey: .period) ?? period
    longestTrain = try keys.decodeIfPresent(Int.self, forKey: .longestTrain) ?? longestTrain
    func number(_ key: CodingKeys, _ value: Float) throws -> Float {
      try keys.decodeIfPresent(Float.self, forKey: key) ?? value
    }
    transferRate = try number(.transferRate, transferRate)
    transferScale = try number(.transferScale, transferScale)
    flips = try number(.flips, flips)
    forgetting = try number(.forgetting, forgetting)
    referenceError = try number(.referenceError, referenceError)
  }
}

extension InMemorySettings: ValidatedConfig {
  /// Checks every value that has a range, and that devices hold weights of both signs.
  public func validate() throws {
    try require("period", period, in: 1...1_000_000)
    try require("longestTrain", longestTrain, in: 1...64)
    try require("transferRate", transferRate, in: 1e-6...1e6)
    try require("transferScale", transferScale, in: 1e-6...1e9)
    try require("flips", flips, in: 0...1)
    try require("forgetting", forgetting, in: 0...1)
    try require("referenceError", referenceError, in: 0...10)
    for choice in [device, fastDevice].compactMap({ $0 }) {
      let bounds = try choice.resolved().bounds
      try require(
        "device", "\(choice.name), weights from \(bounds.lowerBound)",
        "a device with weights below and above 0", bounds.lowerBound < 0)
    }
  }
}

/// A pulsed device in a config: a registered name, or one that is spelled out.
public enum PulsedDeviceChoice: Hashable, Sendable {
  /// One of `PulsedDeviceRegistry`.
  case named(String)
  /// Spelled out.
  case given(PulsedDevice)

  /// What it is called.
  public var name: String {
    switch self {
    case .named(let name): name
    case .given(let device): device.name
    }
  }

  /// The device.
  ///
  /// - Throws: `KirchhoffError` with the nearest name for an unknown one.
  public func resolved() throws -> PulsedDevice {
    switch self {
    case .named(let name): try PulsedDeviceRegistry.device(name)
    case .given(let device): device
    }
  }
}

extension PulsedDeviceChoice: Codable {
  /// Reads a name or a group of keys.
  public init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      self = .named(name)
    } else {
      self = .given(try PulsedDevice(from: decoder))
    }
  }

  /// Writes what ``init(from:)`` reads.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .named(let name):
      var container = encoder.singleValueContainer()
      try container.encode(name)
    case .given(let device): try device.encode(to: encoder)
    }
  }
}
