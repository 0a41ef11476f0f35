import COpenBLAS
import Runtime
import Tensor

/// An array of linear devices with the resistance of its lines folded in: the exact matrix from driver
/// voltages to column currents.
///
/// Once it is known, every vector-matrix multiplication costs a product. RxNN (2018) and TxSim (2020)
/// fold parasitics likewise.
public struct EffectiveConductance: Sendable, Equatable {
  /// Word lines.
  public let rows: Int
  /// Bit lines.
  public let columns: Int
  /// `[rows, columns]`, siemens: the current out of column j for one volt at driver i.
  public let siemens: [Double]

  /// Solves Kirchhoff's laws of an array.
  ///
  /// Eliminates one word line after another, from the one farthest from the sense amplifiers: what
  /// lies above a row is an admittance Y seen from the bit lines and a matrix A of the currents that
  /// each driver sends down shorted bit lines. Across a bit-line segment of r ohms,
  /// Z = (1 + r·Y)⁻¹ turns them into Z·Y and Z·A; the row itself adds its own admittance
  /// K = √G·(1 + √G·R·√G)⁻¹·√G, where R are the resistances that two cells of a word line share, and
  /// the currents K·1 of its driver. All matrices to be inverted are 1 plus a positive one: lines
  /// without resistance and open devices need no exception and cost no accuracy.
  ///
  /// Takes min(rows, columns)³·max(rows, columns)·6 operations and memory for seven square matrices of
  /// the shorter side.
  ///
  /// - Parameters:
  ///   - conductances: `[rows, columns]`, siemens, 0 for an open device.
  ///   - lines: The resistances of the lines.
  /// - Throws: `KirchhoffError(.numerical)` for a negative or infinite conductance or resistance.
  public init(
    of conductances: [Double], rows: Int, columns: Int, lines: LineResistance
  ) throws {
    require(
      rows > 0 && columns > 0 && conductances.count == rows * columns,
      "\(conductances.count) conductances for \(rows) × \(columns) devices")
    try Self.check(conductances, columns: columns, lines)
    self.rows = rows
    self.columns = columns
    if columns <= rows {
      siemens = fold(conductances, rows: rows, columns: columns, lines)
      return
    }
    // By reciprocity, the same array driven from its sense amplifiers has the transposed matrix.
    let turned = fold(
      Self.turned(conductances, rows: rows, columns: columns), rows: columns, columns: rows,
      lines.reversed)
    siemens = Self.turned(turned, rows: columns, columns: rows)
  }

  /// The currents out of the columns, amperes, for voltages at the drivers.
  public func currents(volts: [Double]) -> [Double] {
    require(volts.count == rows, "\(volts.count) voltages for \(rows) rows")
    var result = [Double](repeating: 0, count: columns)
    for (row, volt) in volts.enumerated() {
      for column in 0..<columns { result[column] += volt * siemens[row * columns + column] }
    }
    return result
  }

  /// Looked at from the sense amplifiers: cell (i, j) becomes (columns − 1 − j, rows − 1 − i).
  private static func turned(_ values: [Double], rows: Int, columns: Int) -> [Double] {
    var result = [Double](repeating: 0, count: values.count)
    for row in 0..<rows {
      for column in 0..<columns {
        result[(columns - 1 - column) * rows + rows - 1 - row] = values[row * columns + column]
      }
    }
    return result
  }

  private static func check(
    _ conductances: [Double], columns: Int, _ lines: LineResistance
  ) throws {
    if let bad = conductances.firstIndex(where: { !($0 >= 0 && $0 < .infinity) }) {
      throw KirchhoffError(
        .numerical, subject: "array", place: "row \(bad / columns), column \(bad % columns)",
        found: "\(conductances[bad]) S", expected: "a conductance of 0 S or more, and finite")
    }
    for (name, ohms) in lines.fields where !(ohms >= 0 && ohms < .infinity) {
      throw KirchhoffError(
        .numerical, subject: "lines", place: name, found: "\(ohms) Ω",
        expected: "a resistance of 0 Ω or more, and finite")
    }
  }
}

/// The elimination that `EffectiveConductance` describes, row by row.
private func fold(
  _ conductances: [Double], rows: Int, columns: Int, _ lines: LineResistance
) -> [Double] {
  var above = RowsAbove(columns: columns, rows: rows)
  for row in 0..<rows {
    if row > 0 { above.descend(lines.bitLineOhms) }
    above.add(WordLine(conductances[row * columns..<(row + 1) * columns], lines).admittance)
  }
  above.descend(lines.senseOhms, isLast: true)
  return Array(above.currents[0..<rows * columns])
}

/// A word line with its driver, seen from the bit lines.
private struct WordLine {
  /// `[columns, columns]`, symmetric, siemens.
  var admittance: SymmetricMatrix

  init(_ conductances: ArraySlice<Double>, _ lines: LineResistance) {
    let n = conductances.count
    let g = Array(conductances)
    guard lines.driverOhms > 0 || lines.wordLineOhms > 0 else {
      admittance = SymmetricMatrix(n) { $0 == $1 ? g[$0] : 0 }
      return
    }
    let roots = g.map { $0.squareRoot() }
    admittance = SymmetricMatrix(n) { i, j in
      // Both cells' currents pass the driver and the segments up to the nearer one.
      let shared = lines.driverOhms + lines.wordLineOhms * Double(min(i, j))
      return roots[i] * shared * roots[j] + (i == j ? 1 : 0)
    }
    admittance.invert()
    admittance.scale(by: roots)
  }
}

/// All word lines down to a row, seen from the bit lines below it.
private struct RowsAbove {
  /// What each driver sends down the shorted bit lines: a row of `columns` values a driver.
  private(set) var currents: [Double]
  private var admittance: SymmetricMatrix
  private var drivers = 0
  private var scratch: [Double]

  init(columns: Int, rows: Int) {
    admittance = SymmetricMatrix(columns) { _, _ in 0 }
    currents = [Double](repeating: 0, count: rows * columns)
    scratch = currents
  }

  /// Passes a segment of all bit lines.
  mutating func descend(_ ohms: Double, isLast: Bool = false) {
    guard ohms > 0 else { return }
    let n = admittance.count
    let known = admittance
    var divider = SymmetricMatrix(n) { i, j in ohms * known[i, j] + (i == j ? 1 : 0) }
    divider.invert()
    divider.multiply(currents, columns: drivers, into: &scratch)
    swap(&currents, &scratch)
    if !isLast { admittance = divider.product(with: admittance) }
  }

  /// Adds a word line at this place.
  mutating func add(_ row: SymmetricMatrix) {
    let n = admittance.count
    for i in 0..<n {
      var sum = 0.0
      for j in 0..<n { sum += row[i, j] }
      currents[drivers * n + i] = sum
    }
    admittance.add(row)
    drivers += 1
  }
}
