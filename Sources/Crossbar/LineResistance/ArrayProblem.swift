import Configuration
import Foundation
import Runtime

/// One array as a file describes it: the resistances of its devices and lines, and the voltages at its
/// drivers.
public struct ArrayProblem: ConfigurationValue, Hashable, Sendable {
  /// A row a word line, ohms; nil is an open device.
  public var resistanceOhms: [[Double?]]
  /// One voltage a word line.
  public var voltageVolts: [Double]
  /// A segment of a word line.
  public var wordLineOhms: Double
  /// A segment of a bit line.
  public var bitLineOhms: Double
  /// From a driver to the first cell; one segment of the word line where it is not given.
  public var driverOhms: Double?
  /// From the last cell to the sense amplifier; one segment of the bit line where it is not given.
  public var senseOhms: Double?

  /// What the array does with the voltages.
  public struct Solution: Codable, Hashable, Sendable {
    /// Out of each column.
    public var columnCurrentAmperes: [Double]
    /// A row a word line: the current out of a column for one volt at a driver.
    public var effectiveConductanceSiemens: [[Double]]
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case resistanceOhms, voltageVolts, wordLineOhms, bitLineOhms, driverOhms, senseOhms
  }

  /// Reads an array; unknown keys are errors.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    resistanceOhms = try fields.required(.resistanceOhms)
    voltageVolts = try fields.required(.voltageVolts)
    wordLineOhms = try fields.value(.wordLineOhms, or: 0)
    bitLineOhms = try fields.value(.bitLineOhms, or: 0)
    driverOhms = try fields.optional(.driverOhms)
    senseOhms = try fields.optional(.senseOhms)
    try check(fields.path)
  }

  private func check(_ path: [any CodingKey]) throws {
    func fail(_ key: CodingKeys, _ indices: [Int], _ found: String, _ expected: String) throws {
      throw FieldError(
        path + [key] + indices.map { IndexKey($0) as any CodingKey }, found: found,
        expected: expected)
    }
    guard let columns = resistanceOhms.first?.count, columns > 0 else {
      return try fail(.resistanceOhms, [], "no device", "at least one row of one device")
    }
    for (row, values) in resistanceOhms.enumerated() {
      if values.count != columns {
        try fail(.resistanceOhms, [row], "\(values.count) devices", "\(columns), as in row 0")
      }
      for (column, ohms) in values.enumerated() {
        if let ohms, !(ohms > 0 && ohms < .infinity) {
          try fail(
            .resistanceOhms, [row, column], "\(ohms) Ω", "more than 0 Ω, or null for an open device"
          )
        }
      }
    }
    if voltageVolts.count != resistanceOhms.count {
      try fail(
        .voltageVolts, [], "\(voltageVolts.count) voltages",
        "\(resistanceOhms.count), one a row of resistanceOhms")
    }
    for (row, volts) in voltageVolts.enumerated() where !volts.isFinite {
      try fail(.voltageVolts, [row], "\(volts) V", "a finite voltage")
    }
    let lines: [(CodingKeys, Double?)] = [
      (.wordLineOhms, wordLineOhms), (.bitLineOhms, bitLineOhms), (.driverOhms, driverOhms),
      (.senseOhms, senseOhms),
    ]
    for case (let key, let ohms?) in lines where !(ohms >= 0 && ohms < .infinity) {
      try fail(key, [], "\(ohms) Ω", "0 Ω or more")
    }
  }

  /// The resistances of the lines.
  public var lines: LineResistance {
    LineResistance(
      wordLineOhms: wordLineOhms, bitLineOhms: bitLineOhms, driverOhms: driverOhms ?? wordLineOhms,
      senseOhms: senseOhms ?? bitLineOhms)
  }

  /// Solves it.
  public func solve() throws -> Solution {
    let (rows, columns) = (resistanceOhms.count, resistanceOhms[0].count)
    let effective = try EffectiveConductance(
      of: resistanceOhms.flatMap { $0.map { ohms in ohms.map { 1 / $0 } ?? 0 } }, rows: rows,
      columns: columns, lines: lines)
    return Solution(
      columnCurrentAmperes: effective.currents(volts: voltageVolts),
      effectiveConductanceSiemens: (0..<rows).map { row in
        Array(effective.siemens[row * columns..<(row + 1) * columns])
      })
  }
}
