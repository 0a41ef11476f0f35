import Crossbar
import Foundation
import Runtime
import Tensor
import Testing

@Suite("Approximations of line resistance, and non-linear cells")
struct LineApproximationTests {
  private static func random(_ rows: Int, _ columns: Int, _ largest: Double) -> [Double] {
    let stream = RandomStream(seed: 5).derived(UInt64(rows), UInt64(columns))
    return (0..<UInt64(rows * columns)).map { largest * Double(stream.uniform(at: $0)) }
  }

  private static func largestDifference(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).map { abs($0 - $1) }.max() ?? 0
  }

  private static let conventions = [
    LineResistance(wordLineOhms: 2, bitLineOhms: 1),
    LineResistance(wordLineOhms: 1, bitLineOhms: 3, driverOhms: 100, senseOhms: 20),
    LineResistance(wordLineOhms: 0, bitLineOhms: 2, driverOhms: 0, senseOhms: 0),
    LineResistance(wordLineOhms: 2, bitLineOhms: 0, driverOhms: 5, senseOhms: 0),
  ]

  @Test("The fixed point is the exact solution, to its tolerance", arguments: conventions)
  func fixedPoint(_ lines: LineResistance) throws {
    let (rows, columns) = (24, 17)
    let siemens = Self.random(rows, columns, 1e-4)
    let exact = try EffectiveConductance(
      of: siemens, rows: rows, columns: columns, lines: lines
    ).siemens
    let found = try FixedPointLines(tolerance: 1e-12).effectiveConductance(
      of: siemens, rows: rows, columns: columns, lines: lines)
    // The last change of a voltage is 1e-12 V; a column adds 24 devices of up to 1e-4 S.
    #expect(Self.largestDifference(exact, found) < 24 * 1e-4 * 1e-11)
  }

  @Test("Where lines take too much to settle, the residual is told")
  func unsettled() {
    let error = #expect(throws: KirchhoffError.self) {
      try FixedPointLines(steps: 20).effectiveConductance(
        of: [Double](repeating: 1e-2, count: 4096), rows: 64, columns: 64,
        lines: LineResistance(wordLineOhms: 100, bitLineOhms: 100))
    }
    #expect(error?.description.contains("residual") ?? false)
  }

  @Test("The closed form refuses what it does not know, from files and from code")
  func closedFormRefuses() throws {
    for (text, key) in [
      ("{bitLineOhms: 1, driverOhms: 5, method: closed-form}", "driverOhms"),
      ("{bitLineOhms: 1, senseOhms: 5, method: closed-form}", "senseOhms"),
    ] {
      let error = #expect(throws: KirchhoffError.self) {
        try CrossbarHardware(yaml: "lines: \(text)", file: "a.yaml")
      }
      #expect(error?.place?.contains("lines.\(key)") ?? false, "\(String(describing: error))")
    }
    var hardware = CrossbarHardware()
    hardware.lines = LineResistance(wordLineOhms: 1, bitLineOhms: 1)
    hardware.lines.method = .closedForm
    let error = #expect(throws: KirchhoffError.self) {
      try CrossbarMatrix(
        Tensor([1, 2], shape: [1, 2]), on: hardware, chip: RandomStream(seed: 1))
    }
    #expect(error?.place == "wordLineOhms")
  }

  @Test("The closed form's published figures")
  func closedForm() throws {
    // 256 rows, weight 0.5 of 5 µS devices, 0.35 Ω: a = 0.057344, 125.615654 of 128.
    var hardware = CrossbarHardware()
    hardware.encoding = .differential
    let lines = LineResistance(wordLineOhms: 0, bitLineOhms: 0.35 * 5 / 25)
    hardware.lines = lines
    hardware.lines.method = .closedForm
    // Weights are in units of the largest: one more column has it, and devices of 25 µS with a fifth of the
    // resistance are those of 5 µS.
    let weights = [Float](repeating: 0.5, count: 256) + [Float](repeating: 1, count: 256)
    let matrix = try CrossbarMatrix(
      Tensor(weights, shape: [2, 256]), on: hardware, chip: RandomStream(seed: 1))
    let y = matrix.multiply(
      Tensor(repeating: 1, shape: [1, 256]), reads: RandomStream(seed: 2)
    ).floats
    #expect(abs(y[0] - 125.615654) < 1e-3)
    // A column of equal cells: the published 0.96358 of the ideal, where the ladder gives tanh(L)/L = 0.96345.
    #expect(abs(y[1] / 256 - closedFormOfColumn(256)) < 1e-5)
  }

  /// aihwkit's form for n equal cells of 5 µS on a line of 0.35 Ω.
  private func closedFormOfColumn(_ n: Int) -> Float {
    let a = Float(n) * Float(n) * 0.35 * 5e-6
    let c = a * (a * (0.05 * a - 0.2) + 0.5)
    let losses = (0..<n).reduce(Float(0)) {
      let left = 1 - Float($1) / Float(n)
      return $0 + 1 - left * left
    }
    return 1 - c * losses / Float(n)
  }

  @Test(
    "On a column the closed form is near the exact ladder",
    arguments: [
      (256, 0.96324, 0.96358), (512, 0.87041, 0.87211),
    ])
  func ladder(_ n: Int, _ exact: Double, _ published: Double) throws {
    // The sheet's own figure for 512; the weight's sum of n terms in single precision.
    #expect(abs(Double(closedFormOfColumn(n)) - published) < 2e-4)
    let lines = LineResistance(
      wordLineOhms: 0, bitLineOhms: 0.35, driverOhms: 0, senseOhms: 0.35)
    let solved = try EffectiveConductance(
      of: [Double](repeating: 5e-6, count: n), rows: n, columns: 1, lines: lines)
    let share = solved.siemens.reduce(0, +) / (5e-6 * Double(n))
    #expect(abs(share - exact) < 2e-4)
    #expect(abs(Double(closedFormOfColumn(n)) - share) < 2e-3)
  }

  @Test("In the closed form the row at the sense amplifier loses nothing, the farthest most")
  func senseEnd() throws {
    var hardware = CrossbarHardware()
    hardware.lines = LineResistance(wordLineOhms: 0, bitLineOhms: 500)
    hardware.lines.method = .closedForm
    let matrix = try CrossbarMatrix(
      Tensor(repeating: 1, shape: [1, 8]), on: hardware, chip: RandomStream(seed: 1))
    let alone = matrix.multiply(.identity(8), reads: RandomStream(seed: 2)).floats
    #expect(alone[7] == 1 && alone[0] < 0.99)
    #expect(zip(alone, alone.dropFirst()).allSatisfy { $0 < $1 })
  }

  @Test("The closed form holds for inputs that are sent bit by bit, whole-number cells included")
  func closedFormSerial() throws {
    var hardware = CrossbarHardware()
    hardware.encoding = .slices(bits: 4, cellBits: 2)
    hardware.periphery.inputs = .serial(.init(bits: 4))
    func output() throws -> [Float] {
      try CrossbarMatrix(
        Tensor(repeating: 1, shape: [1, 8]), on: hardware, chip: RandomStream(seed: 1)
      ).multiply(.identity(8), reads: RandomStream(seed: 2)).floats
    }
    let plain = try output()
    hardware.lines = LineResistance(wordLineOhms: 0, bitLineOhms: 500)
    hardware.lines.method = .closedForm
    let lossy = try output()
    #expect(lossy[0] < 0.99 * plain[0])
  }

  @Test("The closed form's error on a random array is small beside what lines take")
  func closedFormError() throws {
    let stream = RandomStream(seed: 8)
    let (rows, columns) = (256, 20)
    let w = Tensor(
      (0..<UInt64(rows * columns)).map { 2 * stream.uniform(at: $0) - 1 },
      shape: [columns, rows])
    let x = Tensor(
      (0..<UInt64(50 * rows)).map { stream.uniform(at: 100_000 + $0) }, shape: [50, rows])
    func outputs(_ method: LineResistance.Method?) throws -> [Double] {
      var hardware = CrossbarHardware()
      if let method {
        hardware.lines = LineResistance(
          wordLineOhms: 0, bitLineOhms: 0.07, driverOhms: 0, senseOhms: 0.07)
        hardware.lines.method = method
      }
      return try CrossbarMatrix(w, on: hardware, chip: RandomStream(seed: 1))
        .multiply(x, reads: RandomStream(seed: 2)).floats.map(Double.init)
    }
    let (plain, exact, approximate, fixed) = (
      try outputs(nil), try outputs(.exact), try outputs(.closedForm), try outputs(.fixedPoint)
    )
    func rms(_ a: [Double], _ b: [Double]) -> Double {
      (zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(a.count)).squareRoot()
    }
    let loss = rms(plain, exact)
    #expect(loss > 0.01)
    // It scales what a cell loses with the cell's own input, and takes net weights where pairs have two currents:
    // where inputs differ, less than two thirds of the loss may be missed.
    #expect(rms(approximate, exact) < 0.67 * loss, "\(rms(approximate, exact)), \(loss)")
    #expect(rms(fixed, exact) < 1e-3 * loss)
  }

  @Test("Linear cells are the linear network, sinh cells their root")
  func nonlinear() throws {
    let (rows, columns) = (9, 7)
    let siemens = Self.random(rows, columns, 1e-3)
    let volts = (0..<rows).map { 0.3 * Double($0 % 4) / 3 }
    let lines = Self.conventions[1]
    let linear = try EffectiveConductance(
      of: siemens, rows: rows, columns: columns, lines: lines
    ).currents(volts: volts)
    let infinite = try NonlinearArray(
      of: siemens, rows: rows, columns: columns, lines: lines, scaleVolts: .infinity
    ).solve(volts: volts)
    #expect(Self.largestDifference(infinite.columnAmperes, linear) < 1e-12 * linear.max()!)
    let large = try NonlinearArray(
      of: siemens, rows: rows, columns: columns, lines: lines, scaleVolts: 1e4
    ).solve(volts: volts)
    // sinh(x)/x − 1 is x²/6: 1.5e-10 for 0.3 V over 1e4 V.
    #expect(Self.largestDifference(large.columnAmperes, linear) < 1e-9 * linear.max()!)
    // One cell: V − I·(r_d + r_s) across it.
    let one = try NonlinearArray(
      of: [1e-3], rows: 1, columns: 1,
      lines: LineResistance(wordLineOhms: 1, bitLineOhms: 1, driverOhms: 300, senseOhms: 200),
      scaleVolts: 0.25
    ).solve(volts: [1])
    let current = one.columnAmperes[0]
    #expect(abs(current - 1e-3 * 0.25 * sinh((1 - 500 * current) / 0.25)) < 1e-15)
    #expect(one.residual < 1e-12)
    let network = try NonlinearArray(
      of: siemens, rows: rows, columns: columns, lines: lines, scaleVolts: 0.25
    ).solve(volts: volts)
    #expect(network.residual < 1e-12 && network.steps < 20)
    #expect(network.columnAmperes.reduce(0, +) > linear.reduce(0, +))
  }

  @Test("Lines that a method cannot take are refused")
  func refused() throws {
    let error = #expect(throws: KirchhoffError.self) {
      try CrossbarHardware(
        yaml: "lines: {wordLineOhms: 1, bitLineOhms: 1, method: closed-form}", file: "a.yaml")
    }
    #expect(error?.description.contains("lines.wordLineOhms") ?? false)
    #expect(throws: KirchhoffError.self) {
      try CrossbarHardware(yaml: "lines: {bitLineOhms: 1, method: guess}", file: "a.yaml")
    }
    #expect(throws: KirchhoffError.self) {
      try NonlinearArray(of: [1], rows: 1, columns: 1, lines: .none, scaleVolts: 1)
    }
    let hardware = try CrossbarHardware(
      yaml: "lines: {bitLineOhms: 1, method: closed-form}", file: "a.yaml")
    #expect(hardware.lines.method == .closedForm)
    #expect(try CrossbarHardware(yaml: hardware.yaml(), file: "b.yaml") == hardware)
  }
}
