import CLAPACKE
import COpenBLAS
import Foundation
import Runtime
import Tensor

/// An array of cells whose current grows faster than their voltage, I = G·V₀·sinh(V/V₀), with resistive lines.
///
/// Kirchhoff's current law at every node is solved by Newton's method: around known voltages a cell is a
/// conductance G·cosh(V/V₀), and the network that is left is linear, symmetric, positive and banded.
public struct NonlinearArray: Sendable {
  /// Word lines.
  public let rows: Int
  /// Bit lines.
  public let columns: Int
  private let siemens: [Double]
  private let lines: LineResistance
  private let scaleVolts: Double

  /// - Parameters:
  ///   - siemens: `[rows, columns]`, at small voltages.
  ///   - lines: The resistances of the lines, each above 0.
  ///   - scaleVolts: V₀; infinite for linear cells.
  /// - Throws: `KirchhoffError(.numerical)` for a line without resistance or a negative conductance.
  public init(
    of siemens: [Double], rows: Int, columns: Int, lines: LineResistance, scaleVolts: Double
  ) throws {
    require(siemens.count == rows * columns, "\(siemens.count) cells for \(rows) × \(columns)")
    for (name, ohms) in lines.fields where !(ohms > 0 && ohms < .infinity) {
      throw KirchhoffError(
        .numerical, subject: "array of non-linear cells", place: name, found: "\(ohms) Ω",
        expected: "more than 0 Ω, and finite")
    }
    if let bad = siemens.firstIndex(where: { !($0 >= 0 && $0 < .infinity) }) {
      throw KirchhoffError(
        .numerical, subject: "array of non-linear cells",
        place: "row \(bad / columns), column \(bad % columns)", found: "\(siemens[bad]) S",
        expected: "a conductance of 0 S or more, and finite")
    }
    guard scaleVolts > 0 else {
      throw KirchhoffError(
        .numerical, subject: "array of non-linear cells", place: "scaleVolts",
        found: "\(scaleVolts) V", expected: "more than 0 V")
    }
    self.siemens = siemens
    self.rows = rows
    self.columns = columns
    self.lines = lines
    self.scaleVolts = scaleVolts
  }

  /// What it does with voltages at the drivers.
  public struct Solution: Sendable {
    /// Out of each column, amperes.
    public var columnAmperes: [Double]
    /// The largest sum of currents into a node, over all that flows out of the columns.
    public var residual: Double
    /// Newton's steps.
    public var steps: Int
  }

  /// Solves it.
  ///
  /// - Throws: `KirchhoffError(.numerical)` where Newton's method does not settle.
  public func solve(volts: [Double]) throws -> Solution {
    require(volts.count == rows, "\(volts.count) voltages for \(rows) rows")
    var nodes = [Double](repeating: 0, count: 2 * rows * columns)
    for row in 0..<rows {
      for column in 0..<columns { nodes[word(row, column)] = volts[row] }
    }
    var residual = Double.infinity
    var moved = Double.infinity
    let precision = 1e-15 * volts.reduce(0) { max($0, abs($1)) }
    for step in 0..<100 {
      var (band, excess) = linearised(nodes, volts)
      let amperes = (0..<columns).map { nodes[bit(rows - 1, $0)] / lines.senseOhms }
      let total = max(amperes.reduce(0) { $0 + abs($1) }, .leastNormalMagnitude)
      residual = excess.reduce(0) { max($0, abs($1)) } / total
      // Where little current flows, rounding of the voltages leaves more than 1e-12 of it.
      if residual < 1e-13 || moved <= precision {
        return Solution(columnAmperes: amperes, residual: residual, steps: step)
      }
      let change = try solved(&band, &excess)
      // A step of a few V₀ at most, for beyond that sinh is no line.
      let largest = change.reduce(0) { max($0, abs($1)) }
      let factor = scaleVolts.isFinite ? min(1, 2 * scaleVolts / max(largest, 1e-300)) : 1
      for node in nodes.indices { nodes[node] += factor * change[node] }
      moved = factor * largest
    }
    throw KirchhoffError(
      .numerical, subject: "array of non-linear cells", found: "a residual of \(residual)",
      expected:
        "1e-13 of the currents, or voltages that stand still, after 100 steps of Newton's method")
  }

  private func word(_ row: Int, _ column: Int) -> Int { 2 * (row * columns + column) }
  private func bit(_ row: Int, _ column: Int) -> Int { 2 * (row * columns + column) + 1 }
  private var bandwidth: Int { 2 * columns }

  /// The conductances around known voltages, a banded matrix, and the sum of currents into each node.
  private func linearised(
    _ nodes: [Double], _ volts: [Double]
  ) -> (band: [Double], excess: [Double]) {
    let height = bandwidth + 1
    var band = [Double](repeating: 0, count: height * nodes.count)
    var excess = [Double](repeating: 0, count: nodes.count)
    // The lower band by columns: element (i, j), i ≥ j, stands at j·height + i − j.
    func connect(_ a: Int, _ b: Int, _ siemens: Double, _ amperes: Double) {
      band[a * height] += siemens
      band[b * height] += siemens
      band[min(a, b) * height + abs(a - b)] -= siemens
      excess[a] -= amperes
      excess[b] += amperes
    }
    func connect(_ a: Int, to volts: Double, _ ohms: Double) {
      band[a * height] += 1 / ohms
      excess[a] += (volts - nodes[a]) / ohms
    }
    func segment(_ a: Int, _ b: Int, _ ohms: Double) {
      connect(a, b, 1 / ohms, (nodes[a] - nodes[b]) / ohms)
    }
    for row in 0..<rows {
      for column in 0..<columns {
        let (w, b) = (word(row, column), bit(row, column))
        let g = siemens[row * columns + column]
        let across = nodes[w] - nodes[b]
        if scaleVolts.isFinite {
          connect(
            w, b, g * cosh(across / scaleVolts), g * scaleVolts * sinh(across / scaleVolts))
        } else {
          connect(w, b, g, g * across)
        }
        if column == 0 {
          connect(w, to: volts[row], lines.driverOhms)
        } else {
          segment(word(row, column - 1), w, lines.wordLineOhms)
        }
        if row == rows - 1 {
          connect(b, to: 0, lines.senseOhms)
        } else {
          segment(b, bit(row + 1, column), lines.bitLineOhms)
        }
      }
    }
    return (band, excess)
  }

  private func solved(_ band: inout [Double], _ right: inout [Double]) throws -> [Double] {
    BLAS.prepare()
    let n = right.count
    let info = LAPACKE_dpbsv(
      LAPACK_COL_MAJOR, CChar(UInt8(ascii: "L")), Int32(n), Int32(min(bandwidth, n - 1)), 1, &band,
      Int32(bandwidth + 1), &right, Int32(n))
    guard info == 0 else {
      throw KirchhoffError(
        .numerical, subject: "array of non-linear cells", found: "a singular network (\(info))",
        expected: "every line connected")
    }
    return right
  }
}
