import ArgumentParser
import Kirchhoff

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
  case parallelRows = "parallel-rows"
  case onOffRatio = "on-off-ratio"
  case programmingError = "programming-error"
  case deviceToDevice = "device-to-device"
  case cycleToCycle = "cycle-to-cycle"
  case telegraph
  case kelvin
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
    case .parallelRows: 1...65_536
    case .onOffRatio: 1.01...1e12
    case .programmingError, .deviceToDevice, .cycleToCycle: 0...10
    case .telegraph: 0...1
    case .kelvin: 1...1000
    case .seconds: 0...1e12
    }
  }

  private var unit: String {
    switch self {
    case .readNoise: " of the largest weight"
    case .outputNoise, .adcBound: " of the largest weight times the largest input"
    case .dacBits, .adcBits: " bits"
    case .levels, .rows, .columns, .parallelRows, .onOffRatio: ""
    case .programmingError: " of the largest conductance"
    case .deviceToDevice, .cycleToCycle, .telegraph: " of the conductance"
    case .kelvin: " K"
    case .stuckOff, .stuckOn: " of all devices"
    case .lineOhms: " Ω"
    case .seconds: " s"
    }
  }

  private var isWhole: Bool {
    switch self {
    case .dacBits, .adcBits, .levels, .rows, .columns, .parallelRows: true
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
      let method = hardware.lines.method
      hardware.lines = LineResistance(
        wordLineOhms: method == .closedForm ? 0 : value, bitLineOhms: value)
      hardware.lines.method = method
    case .parallelRows: hardware.periphery.parallelRows = Int(value)
    case .onOffRatio: hardware.physics.onOffRatio = Float(value)
    case .programmingError:
      hardware.physics.error = ProgrammingError(.normal, .independent, deviation: Float(value))
    case .deviceToDevice: hardware.physics.variation.deviceToDevice = Float(value)
    case .cycleToCycle: hardware.physics.variation.cycleToCycle = Float(value)
    case .telegraph: hardware.physics.telegraph = TelegraphNoise(amplitude: Float(value))
    case .kelvin: hardware.physics.temperature.kelvin = Float(value)
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
    if range.count == 2, high - low >= 10_000 { return nil }
    guard range.count == 3 else { return Array(stride(from: low, through: high, by: 1)) }
    guard let count = range[2], count == count.rounded(), count >= 2, count <= 10_000 else {
      return nil
    }
    return (0..<Int(count)).map { low + (high - low) * Double($0) / (count - 1) }
  }
}
