import CLAPACKE
import COpenBLAS
import Tensor

/// Kirchhoff's current law at every node of an array, as one dense system: the plain way, to check
/// others against.
///
/// Every line needs a resistance. Takes (2 · rows · columns)² numbers.
public struct NodalEquations {
  private let rows: Int
  private let columns: Int
  private let conductances: [Double]
  private let lines: LineResistance

  /// The equations of an array of `[rows, columns]` conductances in siemens.
  public init(of conductances: [Double], rows: Int, columns: Int, lines: LineResistance) {
    require(
      lines.fields.allSatisfy { $0.ohms > 0 }, "NodalEquations: a line without resistance")
    self.rows = rows
    self.columns = columns
    self.conductances = conductances
    self.lines = lines
  }

  /// The voltages of all nodes.
  public struct Voltages {
    /// On the word line at each cell, `[rows, columns]`, volts.
    public let word: [Double]
    /// On the bit line at each cell, `[rows, columns]`, volts.
    public let bit: [Double]
    /// The currents out of the columns, amperes.
    public let columnAmperes: [Double]
  }

  /// Solves them for voltages at the drivers.
  public func solve(volts: [Double]) -> Voltages {
    BLAS.prepare()
    let cells = rows * columns
    let n = 2 * cells
    var matrix = [Double](repeating: 0, count: n * n)
    var solution = [Double](repeating: 0, count: n)
    func connect(_ a: Int, _ b: Int?, _ siemens: Double) {
      matrix[a * n + a] += siemens
      guard let b else { return }
      matrix[b * n + b] += siemens
      matrix[a * n + b] -= siemens
      matrix[b * n + a] -= siemens
    }
    for row in 0..<rows {
      for column in 0..<columns {
        let word = row * columns + column
        connect(word, cells + word, conductances[word])
        if column == 0 {
          connect(word, nil, 1 / lines.driverOhms)
          solution[word] = volts[row] / lines.driverOhms
        } else {
          connect(word - 1, word, 1 / lines.wordLineOhms)
        }
        if row == rows - 1 {
          connect(cells + word, nil, 1 / lines.senseOhms)
        } else {
          connect(cells + word, cells + word + columns, 1 / lines.bitLineOhms)
        }
      }
    }
    let info = LAPACKE_dposv(
      LAPACK_COL_MAJOR, CChar(UInt8(ascii: "L")), Int32(n), 1, &matrix, Int32(n), &solution,
      Int32(n))
    require(info == 0, "the nodal equations are not positive definite (\(info))")
    let bit = Array(solution[cells...])
    return Voltages(
      word: Array(solution[..<cells]), bit: bit,
      columnAmperes: bit.suffix(columns).map { $0 / lines.senseOhms })
  }
}
