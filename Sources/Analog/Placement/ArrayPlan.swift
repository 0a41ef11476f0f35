import Configuration
import Crossbar
import Foundation
import Runtime

/// Which layers of a network run on which arrays.
public struct ArrayPlan: ConfigurationValue, Hashable, Sendable {
  /// Who multiplies what a layer multiplies.
  public enum Place: String, Codable, Hashable, Sendable, CaseIterable {
    /// The digital processor.
    case digital
    /// Arrays.
    case arrays
  }

  /// The arrays of all layers that no rule names.
  public var hardware: CrossbarHardware
  /// What is different for some layers; the first rule that fits a name holds.
  public var layers: [LayerRule]
  /// Q·Kᵀ and A·V, whose operands are no weights: on arrays, keys and values are written for every image and
  /// head.
  public var attention: Place
  /// Depthwise convolutions: on arrays, as many channels as fit stand along the diagonal of one.
  public var depthwise: Place

  /// All linear layers and dense and grouped convolutions on the same hardware, the rest digital.
  public init(_ hardware: CrossbarHardware) {
    self.hardware = hardware
    layers = []
    attention = .digital
    depthwise = .digital
  }

  /// The arrays of a layer; nil where it is digital.
  func hardware(for layer: String) -> CrossbarHardware? {
    guard let rule = layers.first(where: { $0.fits(layer) }) else { return hardware }
    return rule.applied(to: hardware)
  }

  /// Whether all linear layers and dense and grouped convolutions have the same arrays, and the rest none.
  public var isUniform: Bool { layers.isEmpty && attention == .digital && depthwise == .digital }

  /// Whether any range comes from vectors that are sent before.
  public var needsCalibration: Bool {
    ([hardware] + layers.compactMap { $0.applied(to: hardware) })
      .contains { $0.periphery.needsCalibration }
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case hardware, layers, attention, depthwise
  }

  /// Reads a plan; a value without the key `hardware` is the hardware of all layers.
  public init(from decoder: any Decoder) throws {
    guard try Self.isPlan(decoder) else {
      self.init(try CrossbarHardware(from: decoder))
      return
    }
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(try (fields.required(.hardware) as HardwareChoice).hardware)
    layers = try fields.value(.layers, or: [])
    attention = try fields.word(.attention, or: attention)
    depthwise = try fields.word(.depthwise, or: depthwise)
    if attention == .arrays, needsCalibration {
      throw FieldError(
        fields.path + [CodingKeys.attention], found: "arrays with ranges from calibration",
        expected: "given ranges: what is written for every image cannot be calibrated before")
    }
  }

  private static func isPlan(_ decoder: any Decoder) throws -> Bool {
    try decoder.container(keyedBy: CodingKeys.self).contains(.hardware)
  }

  /// A preset's name, or a file with hardware or a plan.
  ///
  /// - Throws: `KirchhoffError` for a name that is none, or what is wrong with the file.
  public static func named(_ name: String) throws -> ArrayPlan {
    PathParts.namesYAML(name)
      ? try ArrayPlan(contentsOf: URL(fileURLWithPath: name))
      : ArrayPlan(try CrossbarHardware.preset(name))
  }

  /// The plan with its hardware changed, that of rules too.
  public mutating func change(_ change: (inout CrossbarHardware) throws -> Void) rethrows {
    try change(&hardware)
    for index in layers.indices {
      if var own = layers[index].hardware {
        try change(&own)
        layers[index].hardware = own
      }
    }
  }

  /// All hardware of the plan.
  public var allHardware: [CrossbarHardware] { [hardware] + layers.compactMap(\.hardware) }
}
