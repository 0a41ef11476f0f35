import ArgumentParser
import Foundation
import Kirchhoff

/// `kirchhoff crossbar selftest`: known answers, on the user's own machine.
struct CrossbarSelfTestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "selftest",
    abstract: "Check the physics against known answers on this machine.",
    discussion: """
      Examples:
        kirchhoff crossbar selftest
        kirchhoff crossbar selftest --json
      """)

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    compute.apply()
    let checks = try SelfTest.run()
    output.json ? try printJSON(checks) : print(Self.text(checks))
    let failed = checks.filter { !$0.passed }
    guard failed.isEmpty else {
      throw KirchhoffError(
        .numerical, subject: "self-test", place: failed[0].name, found: "\(failed[0].found)",
        expected: "\(failed[0].expected) to \(failed[0].tolerance)",
        hint: "\(failed.count) of \(checks.count) checks failed")
    }
  }

  private static func text(_ checks: [SelfTest.Check]) -> String {
    var table = Table(
      ("", .left), ("found", .right), ("expected", .right), ("off by", .right), ("", .left))
    var group = ""
    for check in checks {
      if check.group != group {
        if !group.isEmpty { table.addBlank() }
        group = check.group
      }
      table.add(
        check.name, String(format: "%.10g", check.found), String(format: "%.10g", check.expected),
        String(format: "%.0e", check.difference), check.passed ? "ok" : "WRONG")
    }
    let wrong = checks.filter { !$0.passed }.count
    return table.text() + "\n\n"
      + (wrong == 0 ? "all \(checks.count) checks hold" : "\(wrong) of \(checks.count) are wrong")
  }
}
