import Crossbar
import Runtime
import Testing

@Suite("Line resistance")
struct LineResistanceTests {
  /// A random array with open devices.
  private static func array(_ rows: Int, _ columns: Int, seed: UInt64 = 1) -> [Double] {
    let random = RandomStream(seed: seed).derived("array")
    return (0..<UInt64(rows * columns)).map { index in
      random.bits(at: 2 * index) % 6 == 0
        ? 0 : 1e-6 + 1e-3 * Double(random.uniform(at: 2 * index + 1))
    }
  }

  private static func volts(_ rows: Int) -> [Double] {
    (0..<UInt64(rows)).map { Double(RandomStream(seed: 5).gaussian(at: $0)) }
  }

  private static func fold(
    _ siemens: [Double], _ rows: Int, _ columns: Int, _ lines: LineResistance
  ) throws -> EffectiveConductance {
    try EffectiveConductance(of: siemens, rows: rows, columns: columns, lines: lines)
  }

  private static let shapes = [[1, 1], [1, 9], [9, 1], [7, 12], [12, 7], [16, 16]]

  @Test("Kirchhoff's current law holds at every node", arguments: shapes)
  func currentLaw(_ shape: [Int]) throws {
    let (rows, columns) = (shape[0], shape[1])
    let siemens = Self.array(rows, columns)
    let volts = Self.volts(rows)
    let lines = LineResistance(wordLineOhms: 2, bitLineOhms: 3, driverOhms: 40, senseOhms: 5)
    let folded = try Self.fold(siemens, rows, columns, lines).currents(volts: volts)
    let nodes = NodalEquations(of: siemens, rows: rows, columns: columns, lines: lines)
      .solve(volts: volts)
    let scale = folded.map(abs).max() ?? 1
    for (a, b) in zip(folded, nodes.columnAmperes) { #expect(abs(a - b) <= 1e-12 * scale) }
    // What flows through the devices of a column flows out of it.
    for column in 0..<columns {
      let through = (0..<rows).reduce(0.0) { sum, row in
        let cell = row * columns + column
        return sum + siemens[cell] * (nodes.word[cell] - nodes.bit[cell])
      }
      #expect(abs(through - folded[column]) <= 1e-12 * scale)
    }
  }

  @Test("Driven from its sense amplifiers, an array has the transposed matrix", arguments: shapes)
  func reciprocity(_ shape: [Int]) throws {
    let (rows, columns) = (shape[0], shape[1])
    let siemens = Self.array(rows, columns)
    let there = try Self.fold(
      siemens, rows, columns,
      LineResistance(wordLineOhms: 2, bitLineOhms: 3, driverOhms: 40, senseOhms: 5))
    var turned = [Double](repeating: 0, count: siemens.count)
    for row in 0..<rows {
      for column in 0..<columns {
        turned[(columns - 1 - column) * rows + rows - 1 - row] = siemens[row * columns + column]
      }
    }
    let back = try Self.fold(
      turned, columns, rows,
      LineResistance(wordLineOhms: 3, bitLineOhms: 2, driverOhms: 5, senseOhms: 40))
    let scale = there.siemens.max() ?? 1
    for row in 0..<rows {
      for column in 0..<columns {
        let difference =
          there.siemens[row * columns + column]
          - back.siemens[(columns - 1 - column) * rows + rows - 1 - row]
        #expect(abs(difference) <= 1e-12 * scale)
      }
    }
  }

  @Test("Without resistance the matrix is the conductances, bit for bit")
  func ideal() throws {
    let siemens = Self.array(9, 5)
    #expect(try Self.fold(siemens, 9, 5, .none).siemens == siemens)
  }

  @Test("Each resistance alone may vanish, as the limit of small ones", arguments: 0..<4)
  func vanishing(_ which: Int) throws {
    let siemens = Self.array(6, 8)
    func matrix(_ ohms: Double) throws -> [Double] {
      var values = [7.0, 11, 30, 20]
      values[which] = ohms
      return try Self.fold(
        siemens, 6, 8,
        LineResistance(
          wordLineOhms: values[0], bitLineOhms: values[1], driverOhms: values[2],
          senseOhms: values[3])
      ).siemens
    }
    let (zero, small) = (try matrix(0), try matrix(1e-9))
    let scale = zero.max() ?? 1
    for (a, b) in zip(zero, small) { #expect(abs(a - b) <= 1e-9 * scale) }
  }

  @Test("Currents only fall as the lines' resistance grows")
  func monotone() throws {
    let siemens = Self.array(10, 10)
    let ones = [Double](repeating: 1, count: 10)
    var last = [Double](repeating: .infinity, count: 10)
    for ohms in [0, 0.01, 0.1, 1, 10, 100, 1e4, 1e6] {
      let now = try Self.fold(
        siemens, 10, 10, LineResistance(wordLineOhms: ohms, bitLineOhms: ohms)
      ).currents(volts: ones)
      for (a, b) in zip(now, last) { #expect(a > 0 && a < b) }
      last = now
    }
  }

  @Test("A column of equal cells is a ladder: tanh(L) / L", arguments: [256, 512])
  func ladder(_ n: Int) throws {
    // 0.35 Ω a segment, 5 µS a cell; the reference gives five digits of the exact ladder.
    let effective = try Self.fold(
      [Double](repeating: 5e-6, count: n), n, 1,
      LineResistance(wordLineOhms: 0, bitLineOhms: 0.35))
    let ratio =
      effective.currents(volts: [Double](repeating: 1, count: n))[0] / (5e-6 * Double(n))
    #expect(abs(ratio - (n == 512 ? 0.87041 : 0.96324)) < 1e-5)
  }

  @Test("A negative conductance or resistance is refused with its place")
  func refused() {
    var siemens = Self.array(3, 4)
    siemens[6] = -1
    let error = #expect(throws: KirchhoffError.self) { try Self.fold(siemens, 3, 4, .none) }
    #expect(error?.description.contains("row 1, column 2") ?? false)
    let lines = LineResistance(wordLineOhms: .nan, bitLineOhms: 1)
    let other = #expect(throws: KirchhoffError.self) {
      try Self.fold(Self.array(3, 4), 3, 4, lines)
    }
    #expect(other?.description.contains("wordLineOhms") ?? false)
  }
}

@Test("Every check of the self-test holds")
func selfTest() throws {
  for check in try SelfTest.run() { #expect(check.passed, "\(check)") }
}
