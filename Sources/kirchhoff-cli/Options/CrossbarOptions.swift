import ArgumentParser
import Foundation
import Kirchhoff

/// On which arrays a network runs.
struct CrossbarOptions: ParsableArguments {
  @Option(
    name: .customLong("crossbar"),
    help: ArgumentHelp(
      "Run on arrays: a preset (\(CrossbarHardware.presets.map(\.name).joined(separator: ", "))) or a YAML file.",
      valueName: "hardware"),
    completion: .list(CrossbarHardware.presets.map(\.name)))
  var hardware: String?

  @Option(help: "Chips to draw.")
  var chips = 10

  @Option(help: "Times since programming, separated by commas: 3600, 20s, 5min, 1h, 1d, 1y.")
  var time: Durations?

  @Option(
    help: ArgumentHelp(
      """
      Vary a parameter: name=from:to:count, name=from:to in whole steps, or name=value,value. Several \
      sweeps make a grid. Names: \(SweptParameter.allCases.map(\.rawValue).joined(separator: ", ")).
      """, valueName: "name=values"))
  var sweep: [Sweep] = []

  func validate() throws {
    guard hardware == nil else {
      if !(1...10_000).contains(chips) {
        throw ValidationError("--chips is \(chips); it has to be 1 to 10000.")
      }
      let names = sweep.map(\.parameter)
      for name in names where names.filter({ $0 == name }).count > 1 {
        throw ValidationError("--sweep \(name.rawValue) is given twice.")
      }
      return
    }
    if !sweep.isEmpty || time != nil {
      throw ValidationError("--sweep and --time need arrays: --crossbar HARDWARE.")
    }
  }

  /// A point of the grid.
  struct Point {
    var settings: [(name: String, value: Double)]
    var hardware: CrossbarHardware
  }

  /// The grid of all sweeps and times; empty without arrays.
  func points() throws -> [Point] {
    guard let hardware else { return [] }
    let isFile = hardware.contains("/") || hardware.hasSuffix(".yaml") || hardware.hasSuffix(".yml")
    let base =
      isFile
      ? try CrossbarHardware(contentsOf: URL(fileURLWithPath: hardware))
      : try CrossbarHardware.preset(hardware)
    var points = [Point(settings: [], hardware: base)]
    var sweeps = sweep
    if let time {
      sweeps.append(Sweep(parameter: .seconds, values: time.seconds.map(Double.init)))
    }
    for sweep in sweeps {
      points = try points.flatMap { point in
        try sweep.values.map { value in
          var next = point
          try sweep.parameter.set(value, in: &next.hardware)
          next.settings.append((sweep.parameter.rawValue, value))
          return next
        }
      }
    }
    let device = try DeviceRegistry.device(base.device)
    for point in points { try device.checkTime(point.hardware.seconds, place: "--time") }
    return points
  }
}

/// What of the hardware a sweep can change.
enum SweptParameter: String, CaseIterable {
  case readNoise = "read-noise"
  case outputNoise = "output-noise"
  case dacBits = "dac-bits"
  case adcBits = "adc-bits"
  case adcBound = "adc-bound"
  case levels
  case rows
  case columns
  case stuckOff = "stuck-off"
  case stuckOn = "stuck-on"
  case lineOhms = "line-ohms"
  case seconds

  private var range: ClosedRange<Double> {
    switch self {
    case .readNoise, .outputNoise: 0...1000
    case .dacBits, .adcBits: 2...24
    case .adcBound: 1e-6...1e6
    case .levels: 2...65_536
    case .rows, .columns: 1...65_536
    case .stuckOff, .stuckOn: 0...1
    case .lineOhms: 0...1e6
    case .seconds: 0...1e12
    }
  }

  private var unit: String {
    switch self {
    case .readNoise: " of the largest weight"
    case .outputNoise, .adcBound: " of the largest weight times the largest input"
    case .dacBits, .adcBits: " bits"
    case .levels, .rows, .columns: ""
    case .stuckOff, .stuckOn: " of all devices"
    case .lineOhms: " Ω"
    case .seconds: " s"
    }
  }

  private var isWhole: Bool {
    switch self {
    case .dacBits, .adcBits, .levels, .rows, .columns: true
    default: false
    }
  }

  func set(_ value: Double, in hardware: inout CrossbarHardware) throws {
    guard range.contains(value), !isWhole || value == value.rounded() else {
      throw KirchhoffError(
        .usage, subject: "--sweep", place: rawValue, found: short(value) + unit,
        expected: "\(short(range.lowerBound)) to \(short(range.upperBound))\(unit)"
          + (isWhole ? ", a whole number" : ""))
    }
    switch self {
    case .readNoise: hardware.readDeviation = Float(value)
    case .outputNoise: hardware.periphery.outputNoise = Float(value)
    case .dacBits: hardware.periphery.dac.bits = Int(value)
    case .adcBits: hardware.periphery.adc.bits = Int(value)
    case .adcBound: hardware.periphery.adc.bound = Float(value)
    case .levels: hardware.levels = Int(value)
    case .rows: hardware.rows = Int(value)
    case .columns: hardware.columns = Int(value)
    case .stuckOff: hardware.stuck.off = Float(value)
    case .stuckOn: hardware.stuck.on = Float(value)
    case .lineOhms:
      hardware.lines = LineResistance(wordLineOhms: value, bitLineOhms: value)
    case .seconds: hardware.seconds = Float(value)
    }
  }
}

/// A parameter and the values it takes.
struct Sweep: ExpressibleByArgument {
  var parameter: SweptParameter
  var values: [Double]

  init(parameter: SweptParameter, values: [Double]) {
    self.parameter = parameter
    self.values = values
  }

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1)
    guard parts.count == 2, let parameter = SweptParameter(rawValue: String(parts[0])),
      let values = Self.values(parts[1])
    else { return nil }
    self.init(parameter: parameter, values: values)
  }

  private static func values(_ text: Substring) -> [Double]? {
    let range = text.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
    guard range.count > 1 else {
      let list = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
      return list.contains { $0 == nil } ? nil : list.compactMap { $0 }
    }
    guard let low = range[0], let high = range[1], low <= high, range.count <= 3 else { return nil }
    guard range.count == 3 else { return Array(stride(from: low, through: high, by: 1)) }
    guard let count = range[2], count == count.rounded(), count >= 2, count <= 10_000 else {
      return nil
    }
    return (0..<Int(count)).map { low + (high - low) * Double($0) / (count - 1) }
  }
}
