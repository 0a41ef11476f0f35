import Runtime

extension SelfTest {
  /// Published and recomputed column currents; double precision leaves 1e-12.
  static func lineResistance() throws -> [Check] {
    try segmentOracles() + uniformOracles() + sourceSinkOracles()
  }

  private static func currents(
    _ name: String, _ siemens: [[Double]], volts: [Double], _ lines: LineResistance,
    expected: [Double], tolerance: Double = 1e-12
  ) throws -> [Check] {
    let effective = try EffectiveConductance(
      of: siemens.flatMap { $0 }, rows: siemens.count, columns: siemens[0].count, lines: lines)
    return zip(effective.currents(volts: volts), expected).enumerated().map { column, pair in
      Check(
        group: "line resistance", name: "\(name), column \(column), A", found: pair.0,
        expected: pair.1, tolerance: tolerance)
    }
  }

  /// Solutions of a circuit simulator (Qucs) that badcrossbar keeps.
  private static func segmentOracles() throws -> [Check] {
    let siemens = (0..<5).map { row in (1...4).map { 1 / Double(10 * (4 * row + $0)) } }
    let volts: [Double] = [0, 1, 2, 3, 4]
    return try currents(
      "5 × 4, 1 and 2 Ω", siemens, volts: volts,
      LineResistance(wordLineOhms: 1, bitLineOhms: 2),
      expected: [
        0.060570196651101416, 0.059327610716747844, 0.05634873882925334, 0.05335235457510154,
      ])
      + currents(
        "5 × 4, no resistance", siemens, volts: volts, .none,
        expected: [
          0.08882855706385118, 0.08031746031746032, 0.07352016404647983, 0.06791666666666667,
        ])
      + currents(
        "1 × 1, 0.5 and 0.25 Ω", [[0.01]], volts: [1],
        LineResistance(wordLineOhms: 0.5, bitLineOhms: 0.25), expected: [1 / 100.75])
  }

  /// N × N devices of 10 kΩ, lines of 1 Ω, 1 V: printed to ten digits.
  private static func uniformOracles() throws -> [Check] {
    let known: [(Int, first: Double, last: Double, sum: Double)] = [
      (2, 0.999550215, 0.999450295, 3.998001019474e-4),
      (4, 0.998851513, 0.998252960, 1.597603761952e-3),
      (8, 0.996663454, 0.993886400, 6.367536891992e-3),
    ]
    return try known.flatMap { n, first, last, sum in
      let effective = try EffectiveConductance(
        of: [Double](repeating: 1e-4, count: n * n), rows: n, columns: n,
        lines: LineResistance(wordLineOhms: 1, bitLineOhms: 1))
      let found = effective.currents(volts: [Double](repeating: 1, count: n))
      let ideal = 1e-4 * Double(n)
      func check(_ name: String, _ found: Double, _ expected: Double, _ digits: Double) -> Check {
        Check(
          group: "line resistance", name: "uniform \(n) × \(n), \(name)", found: found,
          expected: expected, tolerance: digits)
      }
      return [
        check("first over ideal", found[0] / ideal, first, 1e-9),
        check("last over ideal", found[n - 1] / ideal, last, 1e-9),
        check("sum, A", found.reduce(0, +), sum, 1e-12),
      ]
    }
  }

  /// Drivers and sense amplifiers with resistances of their own: printed to nine and six digits.
  private static func sourceSinkOracles() throws -> [Check] {
    var checks = try currents(
      "2 × 2, source and sink", [[1e-4, 2e-4], [3e-4, 4e-4]], volts: [0.2, 0.1],
      LineResistance(wordLineOhms: 10, bitLineOhms: 10, driverOhms: 50, senseOhms: 20),
      expected: [48.3020950e-6, 76.8526859e-6], tolerance: 2e-9)
    let lines = LineResistance(
      wordLineOhms: 2.5, bitLineOhms: 2.5, driverOhms: 500, senseOhms: 100)
    let known: [(Int, [Double])] = [
      (4, [0.976481, 0.976335, 0.976396]), (8, [0.953816, 0.953154, 0.953403]),
    ]
    for (n, expected) in known {
      let effective = try EffectiveConductance(
        of: [Double](repeating: 1e-5, count: n * n), rows: n, columns: n, lines: lines)
      let found = effective.currents(volts: [Double](repeating: 0.25, count: n))
        .map { $0 / (0.25e-5 * Double(n)) }
      let values = [found[0], found[n - 1], found.reduce(0, +) / Double(n)]
      for (index, name) in ["first", "last", "mean"].enumerated() {
        checks.append(
          Check(
            group: "line resistance", name: "source and sink \(n) × \(n), \(name) over ideal",
            found: values[index], expected: expected[index], tolerance: 1e-6))
      }
    }
    return checks
  }

  /// Random arrays against the dense equations of all nodes.
  static func nodalEquations() throws -> [Check] {
    let shapes: [(rows: Int, columns: Int)] = [(12, 20), (20, 12), (16, 16)]
    return try shapes.map { rows, columns in
      let random = RandomStream(seed: 7).derived("self-test").derived(UInt64(rows))
      // One device in eight is open.
      let siemens = (0..<UInt64(rows * columns)).map { index in
        random.bits(at: 2 * index) % 8 == 0
          ? 0 : 1e-6 + 1e-3 * Double(random.uniform(at: 2 * index + 1))
      }
      let volts = (0..<rows).map { Double(random.gaussian(at: UInt64(100_000 + $0))) }
      let lines = LineResistance(
        wordLineOhms: 2, bitLineOhms: 3, driverOhms: 40, senseOhms: 5)
      let folded = try EffectiveConductance(
        of: siemens, rows: rows, columns: columns, lines: lines
      ).currents(volts: volts)
      let nodes = NodalEquations(of: siemens, rows: rows, columns: columns, lines: lines)
        .solve(volts: volts).columnAmperes
      let scale = nodes.map(abs).max() ?? 1
      let worst = zip(folded, nodes).map { abs($0 - $1) }.max() ?? 1
      return Check(
        group: "line resistance",
        name: "\(rows) × \(columns) against all nodes, largest error over largest current",
        found: worst / scale, expected: 0, tolerance: 1e-12)
    }
  }
}
