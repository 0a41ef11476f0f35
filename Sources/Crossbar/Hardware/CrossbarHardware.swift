import Configuration
import Runtime

/// Devices that are what they are, whatever they are asked for.
public struct StuckDevices: Codable, Hashable, Sendable {
  /// Share of devices stuck at their smallest conductance.
  public var off: Float
  /// Share of devices stuck at their largest conductance.
  public var on: Float

  /// Shares of all devices.
  public init(off: Float = 0, on: Float = 0) {
    self.off = off
    self.on = on
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case off, on }

  /// Reads shares; both together are 1 at most.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    off = Float(try fields.number(.off, or: 0, in: 0...1))
    on = Float(try fields.number(.on, or: 0, in: 0...1))
    guard off + on <= 1 else {
      throw FieldError(fields.path, found: "\(off + on) of all devices", expected: "1 at most")
    }
  }
}

/// When read noise is drawn.
public enum ReadNoise: String, Codable, Hashable, Sendable, CaseIterable {
  /// Never.
  case none
  /// For every vector and device, exactly: the sum over a column is drawn as the one Gaussian that it
  /// is.
  case perRead = "per-read"
  /// Once for all vectors of a call, device by device.
  case perCall = "per-call"
  /// For every vector, device by device: the slow way, to check `perRead` against.
  case literal
}

/// How outputs are scaled back after drift.
public enum DriftCompensation: String, Codable, Hashable, Sendable, CaseIterable {
  /// Not at all.
  case none
  /// By one factor an array, from a read-out of all its rows.
  case global
  /// By one factor a column.
  case column
}

/// An array's devices, how weights are written to them, and what is around them: independent choices.
public struct CrossbarHardware: ConfigurationValue, Hashable, Sendable {
  /// The device, by name (`DeviceRegistry`).
  public var device: String
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
  /// Standard deviation of a read of a weight in units of the largest, in place of the device's own;
  /// nil for that.
  public var readDeviation: Float?
  /// Time since programming, seconds.
  public var seconds: Float
  /// How drift is compensated.
  public var compensation: DriftCompensation

  /// Ideal in all but the device.
  public init(device: String = "ideal") {
    self.device = device
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
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case device, encoding, rows, columns, periphery, lines, levels, stuck, programmingNoise
    case readNoise, readDeviation, seconds, compensation
  }

  /// Reads hardware; what is not given is ideal.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(device: try fields.value(.device, or: "ideal"))
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
    if let levels, !(2...65_536).contains(levels) {
      throw FieldError(
        fields.path + [CodingKeys.levels], found: "\(levels)", expected: "2 to 65536 levels")
    }
    let model: any DeviceModel
    do {
      model = try DeviceRegistry.device(device)
    } catch {
      throw FieldError(
        fields.path + [CodingKeys.device], found: error.found, expected: error.expected,
        hint: error.hint)
    }
    if let known = model.characterisedSeconds, seconds != 0, !known.contains(seconds) {
      throw FieldError(
        fields.path + [CodingKeys.seconds], found: "\(seconds) s",
        expected: "one of " + known.map { "\($0) s" }.joined(separator: ", ")
          + ", at which \(device) was characterised")
    }
  }
}

extension CrossbarHardware {
  /// Hardware with a name.
  public static let presets: [(name: String, hardware: CrossbarHardware)] = [
    ("ideal", CrossbarHardware()),
    ("pcm", analog("pcm")),
    ("hermes", analog("hermes")),
    ("rram", analog("reram-wan")),
    ("bulk-switching", bulkSwitching),
  ]

  /// Hardware of a preset's name.
  ///
  /// - Throws: `KirchhoffError` with the nearest name when there is none of this name.
  public static func preset(_ name: String) throws -> CrossbarHardware {
    if let preset = presets.first(where: { $0.name == name }) { return preset.hardware }
    let names = presets.map(\.name)
    throw KirchhoffError(
      .config, subject: "crossbar", found: "\"\(name)\"",
      expected: "one of " + names.joined(separator: ", ") + " or a YAML file",
      hint: nearest(name, in: names).map { "did you mean \"\($0)\"?" })
  }

  /// Arrays of 512 × 512 with aihwkit's standard periphery, drift compensated by one factor an array.
  private static func analog(_ device: String) -> CrossbarHardware {
    var hardware = CrossbarHardware(device: device)
    hardware.periphery = .standard
    hardware.compensation = .global
    return hardware
  }

  /// 256 × 64 devices of 16 levels, 8-bit converters (arXiv 2305.14547, table 1).
  ///
  /// The ADC's 70 µA stand over the 6 µA of the range of a device: a bound of 11.67 largest products;
  /// its noise is 2 LSB.
  private static let bulkSwitching: CrossbarHardware = {
    var hardware = CrossbarHardware(device: "bulk-switching")
    let adc = Converter(bits: 8, bound: 70 / 6)
    hardware.periphery = Periphery(
      dac: Converter(bits: 8, bound: 1), adc: adc, outputNoise: 2 * adc.step)
    hardware.rows = 256
    hardware.columns = 64
    return hardware
  }()
}
