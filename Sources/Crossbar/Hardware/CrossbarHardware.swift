import Configuration
import Runtime

/// An array's devices, how weights are written to them, and what is around them: independent choices.
public struct CrossbarHardware: ConfigurationValue, Hashable, Sendable {
  /// The device: one of `DeviceRegistry`, or a table.
  public var device: DeviceChoice
  /// What devices do beyond their model.
  public var physics: DevicePhysics
  /// How weights become conductances.
  public var encoding: WeightEncoding
  /// Word lines of an array.
  public var rows: Int
  /// Bit lines of an array.
  public var columns: Int
  /// Converters and output noise.
  public var periphery: Periphery
  /// Line resistance, folded in exactly.
  public var lines: LineResistance
  /// Uniform levels that targets are rounded to; nil for any conductance.
  public var levels: Int?
  /// Devices that cannot be programmed.
  public var stuck: StuckDevices
  /// Whether programming errs as the device does.
  public var programmingNoise: Bool
  /// When read noise is drawn.
  public var readNoise: ReadNoise
  /// Standard deviation of a read of a weight (with `pairs` or `slices`, of each of its parts) in units
  /// of the largest, in place of the device's own; nil for that.
  public var readDeviation: Float?
  /// Time since programming, seconds.
  public var seconds: Float
  /// How drift is compensated.
  public var compensation: DriftCompensation
  /// What writing a device costs.
  public var writeCost: WriteCost

  /// Ideal in all but the device.
  public init(device: DeviceChoice = "ideal") {
    self.device = device
    physics = DevicePhysics()
    encoding = .differential
    rows = 512
    columns = 512
    periphery = .ideal
    lines = .none
    levels = nil
    stuck = StuckDevices()
    programmingNoise = true
    readNoise = .perRead
    readDeviation = nil
    seconds = 0
    compensation = .none
    writeCost = WriteCost()
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case device, physics, encoding, rows, columns, periphery, lines, levels, stuck, programmingNoise
    case readNoise, readDeviation, seconds, compensation, writeCost
  }

  /// Reads hardware; what is not given is ideal.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(device: try fields.value(.device, or: "ideal"))
    physics = try fields.value(.physics, or: physics)
    encoding = try fields.value(.encoding, or: encoding)
    rows = Int(try fields.number(.rows, or: Double(rows), in: 1...65_536))
    columns = Int(try fields.number(.columns, or: Double(columns), in: 1...65_536))
    periphery = try fields.value(.periphery, or: periphery)
    lines = try fields.value(.lines, or: lines)
    levels = try fields.optional(.levels)
    stuck = try fields.value(.stuck, or: stuck)
    programmingNoise = try fields.value(.programmingNoise, or: programmingNoise)
    readNoise = try fields.word(.readNoise, or: readNoise)
    if try fields.optional(.readDeviation) as Double? != nil {
      readDeviation = Float(try fields.number(.readDeviation, or: 0, in: 0...1e3))
    }
    seconds = Float(try fields.number(.seconds, or: 0, in: 0...1e12))
    compensation = try fields.word(.compensation, or: compensation)
    writeCost = try fields.value(.writeCost, or: writeCost)
    if let levels, !(2...65_536).contains(levels) {
      throw FieldError(
        fields.path + [CodingKeys.levels], found: "\(levels)", expected: "2 to 65536 levels")
    }
    let model = try device.model()
    try checkPhysics(model, fields)
    try checkRanges(fields)
    if let known = model.characterisedSeconds, seconds != 0, !known.contains(seconds) {
      throw FieldError(
        fields.path + [CodingKeys.seconds], found: "\(seconds) s",
        expected: "one of " + known.map { "\($0) s" }.joined(separator: ", ")
          + ", at which \(device.name) was characterised")
    }
  }

  private func checkPhysics(
    _ model: any DeviceModel, _ fields: StrictFields<CodingKeys>
  ) throws {
    let range = model.conductanceSiemens
    if let ratio = physics.onOffRatio, range.upperBound / ratio < range.lowerBound {
      throw FieldError(
        fields.path + [CodingKeys.physics],
        found: "onOffRatio \(ratio): \(range.upperBound / ratio) S to \(range.upperBound) S",
        expected: "at most \(range.upperBound / range.lowerBound), for \(device.name) has "
          + "\(range.lowerBound) S to \(range.upperBound) S")
    }
    if physics.readDistribution == .logNormal, readDeviation != nil {
      throw FieldError(
        fields.path + [CodingKeys.readDeviation], found: "a deviation of a weight's reads",
        expected: "none with log-normal reads, which are those of single devices")
    }
  }

  /// A step of an input times a step of a weight, in units of the largest; nil where either has no steps.
  var smallestProduct: Float? {
    let cells = encoding.largestCell ?? levels.map { $0 - 1 }
    guard let cells else { return nil }
    switch periphery.inputs {
    case .serial: return 1 / Float(cells)
    case .analog: return periphery.dac.bits == nil ? nil : periphery.dac.step / Float(cells)
    }
  }

  private func checkRanges(_ fields: StrictFields<CodingKeys>) throws {
    if periphery.outputRange == .granular, smallestProduct == nil || periphery.adc.bits == nil {
      throw FieldError(
        fields.path + [CodingKeys.periphery], found: "a granular outputRange",
        expected: "it with levels or slices of weights, and bits of the DAC and the ADC")
    }
    if periphery.boundManagement, periphery.outputRange != .given || periphery.inputRange != .vector
    {
      throw FieldError(
        fields.path + [CodingKeys.periphery], found: "boundManagement: true",
        expected: "it with inputs scaled by vector and a given range of outputs")
    }
  }

  /// The conductances that devices are asked for, siemens.
  func conductances(of model: any DeviceModel) -> ClosedRange<Float> {
    let range = model.conductanceSiemens
    guard let ratio = physics.onOffRatio else { return range }
    return max(range.upperBound / ratio, range.lowerBound)...range.upperBound
  }
}
