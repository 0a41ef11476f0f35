import Foundation
import Kirchhoff
import Testing

@Suite("Surrogates of arrays")
struct SurrogateTests {
  private static var training: SurrogateTraining {
    var training = SurrogateTraining(side: 6)
    (training.samples, training.testSamples, training.epochs) = (6000, 500, 30)
    return training
  }

  @Test("A surrogate of small arrays is nearer than linear cells, and survives its file")
  func learns() throws {
    var steps: [Int] = []
    let (surrogate, report) = try Self.training.run { step, _ in steps.append(step) }
    #expect(steps.last == Self.training.steps && steps == steps.sorted())
    #expect(report.surrogateError < report.linearError / 5, "\(report)")
    #expect(report.surrogateError < report.scaledError, "\(report)")
    let path = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try surrogate.write(to: path)
    let read = try CurrentSurrogate(contentsOf: path)
    let arrays = surrogate.arrays
    let siemens = (0..<36).map { index in
      index % 3 == 0 ? arrays.onSiemens : arrays.offSiemens
    }
    let volts = (0..<6).map { Double($0 % 4) / 3 * arrays.largestVolts }
    let found = read.currents(siemens: siemens, volts: volts)
    #expect(found == surrogate.currents(siemens: siemens, volts: volts))
    let solved = try NonlinearArray(
      of: siemens, rows: 6, columns: 6, lines: arrays.lines, scaleVolts: arrays.scaleVolts
    ).solve(volts: volts).columnAmperes
    for (a, b) in zip(found, solved) { #expect(abs(a / b - 1) < 0.1) }
  }

  @Test("The bits do not depend on the number of threads")
  func reproducible() throws {
    let before = Threads.count
    defer { Threads.count = before }
    var training = Self.training
    (training.samples, training.testSamples, training.epochs) = (200, 20, 3)
    let errors = try [1, 2, 3].map { threads in
      Threads.count = threads
      return try training.run { _, _ in }.report.surrogateError
    }
    #expect(errors[0] == errors[1] && errors[0] == errors[2])
  }

  /// A small surrogate in a file.
  private func file() throws -> (path: String, surrogate: CurrentSurrogate) {
    let path = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString).safetensors"
    let surrogate = try Self.training.run { _, _ in }.surrogate
    try surrogate.write(to: path)
    return (path, surrogate)
  }

  private func hardware(_ path: String) throws -> CrossbarHardware {
    try CrossbarHardware(
      yaml: """
        rows: 6
        columns: 12
        physics: {onOffRatio: 6}
        lines: {surrogate: \(path)}
        """, file: "arrays.yaml")
  }

  @Test("A matrix behind a surrogate's lines is what the network of Kirchhoff's laws gives")
  func matrix() throws {
    let (path, surrogate) = try file()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let hardware = try hardware(path)
    let arrays = surrogate.arrays
    let stream = RandomStream(seed: 5)
    let weights = (0..<36).map { Float(stream.integer(at: UInt64($0), below: 7)) / 3 - 1 }
    let inputs = (0..<60).map { Float(stream.integer(at: UInt64(100 + $0), below: 7)) / 3 - 1 }
    let x = Tensor(inputs, shape: [10, 6])
    let matrix = try CrossbarMatrix(
      Tensor(weights, shape: [6, 6]), on: hardware, chip: RandomStream(seed: 1))
    let found = matrix.multiply(x, reads: RandomStream(seed: 2)).floats
    let largest = weights.map { abs($0) }.max() ?? 1
    var (solved, plain): ([Double], [Double]) = ([], [])
    for vector in 0..<10 {
      let row = inputs[vector * 6..<(vector + 1) * 6].map { Double($0) }
      let reach = row.map { abs($0) }.max() ?? 1
      var sums = [Double](repeating: 0, count: 6)
      for side in [1.0, -1] {
        // An output is a column: cells [row, column].
        let siemens = (0..<36).map { cell in
          let weight = Double(weights[cell % 6 * 6 + cell / 6] / largest)
          return arrays.offSiemens + (arrays.onSiemens - arrays.offSiemens) * max(side * weight, 0)
        }
        let array = try NonlinearArray(
          of: siemens, rows: 6, columns: 6, lines: arrays.lines, scaleVolts: arrays.scaleVolts)
        for phase in [1.0, -1] {
          let volts = row.map { max(phase * $0, 0) / reach * arrays.largestVolts }
          guard volts.contains(where: { $0 > 0 }) else { continue }
          for (column, amperes) in try array.solve(volts: volts).columnAmperes.enumerated() {
            sums[column] += side * phase * amperes
          }
        }
      }
      let unit =
        reach * Double(largest) / arrays.largestVolts / (arrays.onSiemens - arrays.offSiemens)
      solved += sums.map { $0 * unit }
      plain += (0..<6).map { output in
        (0..<6).reduce(0.0) { $0 + row[$1] * Double(weights[output * 6 + $1]) }
      }
    }
    func error(_ values: [Double]) -> Double {
      let squares = zip(values, solved).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      return (squares / solved.reduce(0) { $0 + $1 * $1 }).squareRoot()
    }
    // Differences of two currents: errors of the surrogate, some percent, count for more.
    #expect(error(found.map { Double($0) }) < error(plain) / 2, "\(error(plain))")
    let parts = [0..<1, 1..<4, 4..<10].flatMap { range in
      matrix.multiply(
        x.prefix(range), reads: RandomStream(seed: 2), firstVector: range.lowerBound
      ).floats
    }
    #expect(parts == found)
  }

  @Test("Hardware that a surrogate was not taught by is refused with its place")
  func refused() throws {
    let (path, _) = try file()
    defer { try? FileManager.default.removeItem(atPath: path) }
    func place(_ change: (inout CrossbarHardware) -> Void) throws -> String? {
      var hardware = try hardware(path)
      change(&hardware)
      let error = #expect(throws: KirchhoffError.self) {
        try CrossbarMatrix(
          Tensor([1, 2], shape: [1, 2]), on: hardware, chip: RandomStream(seed: 1))
      }
      return error?.place
    }
    #expect(try place { $0.rows = 7 } == "rows, columns")
    #expect(try place { ($0.encoding, $0.columns) = (.offset, 6) } == "encoding")
    #expect(try place { $0.physics.onOffRatio = 8 } == "physics.onOffRatio")
    #expect(try place { $0.readNoise = .literal } == "readNoise")
    #expect(try place { $0.periphery.parallelRows = 2 } == "periphery.parallelRows")
    for text in ["{method: surrogate}", "{surrogate: a.st, wordLineOhms: 1}"] {
      #expect(throws: KirchhoffError.self) {
        try CrossbarHardware(yaml: "lines: \(text)", file: "arrays.yaml")
      }
    }
  }
}
