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
}
