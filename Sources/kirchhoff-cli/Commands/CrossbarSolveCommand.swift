import ArgumentParser
import Foundation
import Kirchhoff

/// `kirchhoff crossbar solve`: the column currents of one array, line resistance included.
struct CrossbarSolveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "solve",
    abstract: "Solve Kirchhoff's laws of one array exactly.",
    discussion: """
      Reads an array as JSON or YAML and prints, as JSON, the current out of every column and the \
      effective conductance: what one volt at a driver sends out of each column.

        {"resistanceOhms": [[10, 20], [30, null]], "voltageVolts": [1, 0.5],
         "wordLineOhms": 1, "bitLineOhms": 2}

      A row of resistanceOhms is a word line; null is an open device. Drivers are at column 0, sense \
      amplifiers below the last row, columns at virtual ground. driverOhms and senseOhms are one \
      segment of their lines where they are not given. Any line may have 0 ohms.

      Examples:
        kirchhoff crossbar solve array.json
        kirchhoff crossbar solve - < array.json
      """)

  @Argument(help: "A JSON or YAML file; - for standard input.", completion: .file())
  var file: String

  func run() throws { try printJSON(problem().solve()) }

  private func problem() throws -> ArrayProblem {
    guard file == "-" else { return try ArrayProblem(contentsOf: URL(fileURLWithPath: file)) }
    let data = FileHandle.standardInput.readDataToEndOfFile()
    guard let text = String(data: data, encoding: .utf8) else {
      throw KirchhoffError(
        .io, subject: "standard input", found: "\(data.count) bytes that are no UTF-8",
        expected: "an array as JSON")
    }
    return try ArrayProblem(yaml: text, file: "standard input")
  }
}
