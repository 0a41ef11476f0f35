import Configuration
import Crossbar
import Runtime

/// What arrays are trained with, and how their devices follow.
public struct TrainedArraySettings: Codable, Hashable, Sendable {
  /// How devices follow the training.
  public var rule: WriteRule
  /// The arrays.
  public var hardware: CrossbarHardware
  /// θ in units of the largest weight that a pair of devices holds; nil: one level of the device, or a
  /// fifteenth where it has none (arXiv 2305.14547 takes that for its larger networks).
  public var threshold: Float?
  /// The largest weight that a pair holds, in units of a layer's largest first weight.
  public var range: Float = 1
  /// Whether targets are rounded to the device's levels.
  public var snaps = true
  /// Standard deviation of noise that training adds to the weights of every forward pass, in units of
  /// the layer's largest: aihwkit's add-normal modifier, which makes networks bear programming errors.
  public var weightNoise: Float = 0

  /// The devices and constants of rules that train in memory.
  public var inMemory = InMemorySettings()
  /// The learning rate at the beginning, which rules in memory take for theirs.
  public var learningRate: Float = 0.1

  /// What the codes of inputs reach up to.
  public var inputRange = InputRangeChoice.largest

  /// What the codes of a layer's inputs reach up to in training.
  public enum InputRangeChoice: String, Codable, Hashable, Sendable, CaseIterable {
    /// The largest input of the batch.
    case largest
    /// A number that is trained: three root mean squares of the first batch, then by the gradient of what it
    /// cuts off (as aihwkit's input range learning).
    case learned
  }

  /// The paper's: one level, the first weights fill the range.
  public init(rule: WriteRule, hardware: CrossbarHardware) {
    self.rule = rule
    self.hardware = hardware
  }

  /// Levels of a device; a pair holds 2 · levels − 1 weights.
  var levels: Int? {
    hardware.levels ?? (try? hardware.device.model())?.stateCount
  }

  /// A level in units of the largest weight.
  var level: Float? { levels.map { 1 / Float($0 - 1) } }

  /// Throws for hardware that training cannot simulate.
  func check() throws {
    func refuse(_ place: String, _ found: String, _ expected: String) throws -> Never {
      throw KirchhoffError(
        .config, subject: "training on arrays", place: place, found: found, expected: expected)
    }
    if rule.binary != nil, levels != 2 {
      try refuse(
        "device", hardware.device.name + (levels.map { " of \($0) levels" } ?? ""),
        "a device of two levels, such as binary-memristor, with weights of two states")
    }
    if hardware.encoding != .differential {
      try refuse("encoding", "\(hardware.encoding)", "differential pairs")
    }
    if !hardware.lines.isNone {
      try refuse(
        "lines", "line resistance", "none: it would be folded in anew at every write")
    }
    if hardware.seconds != 0 {
      try refuse("seconds", "\(hardware.seconds) s", "0 s: devices are written all the time")
    }
    if hardware.readNoise == .literal {
      try refuse("readNoise", "literal", "none, per-read or per-call")
    }
    let physics = hardware.physics
    if physics.telegraph != nil || physics.readDistribution != .normal {
      try refuse("physics", "reads that are not Gaussian", "none: they are drawn device by device")
    }
    if physics.disturb != nil {
      try refuse("physics.disturb", "a disturbance", "none: devices are written one by one")
    }
    let periphery = hardware.periphery
    if periphery.inputs != .analog {
      try refuse("periphery.inputs", "bits one after another", "analog")
    }
    if periphery.parallelRows != nil || periphery.adc.circuit != nil
      || periphery.inputRange != .vector || periphery.outputRange != .given
    {
      try refuse(
        "periphery", "a circuit, ranges from elsewhere or rows in turn",
        "ideal converters with a given range")
    }
    if hardware.periphery.boundManagement {
      try refuse("periphery.boundManagement", "true", "false: the converter's range is fixed")
    }
  }
}
