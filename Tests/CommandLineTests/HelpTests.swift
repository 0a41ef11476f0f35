import Foundation
import Kirchhoff
import Testing

@Suite("Help, version, completions and wrong command lines")
struct HelpTests {
  static let commands = [
    [], ["train"], ["evaluate"], ["extract"], ["rank"], ["compare"], ["space"], ["data"],
    ["data", "list"], ["data", "fetch"], ["data", "verify"], ["bench"], ["doctor"], ["crossbar"],
    ["crossbar", "solve"], ["crossbar", "device"], ["crossbar", "selftest"],
    ["crossbar", "surrogate"], ["study"],
  ]

  @Test("Every command explains itself with examples", arguments: commands)
  func examples(command: [String]) throws {
    let output = try Tool.run(command + ["--help"])
    #expect(output.exitCode == 0)
    #expect(output.standardError.isEmpty)
    #expect(output.standardOutput.contains("USAGE: kirchhoff"))
    let name = (["kirchhoff"] + command).joined(separator: " ")
    #expect(
      output.standardOutput.contains("Examples:\n"), "no examples in the help of \(name)")
    let examples = output.standardOutput.split(separator: "\n").filter { $0.contains("  \(name)") }
    #expect(!examples.isEmpty, "no example of \(name)")
  }

  @Test("All subcommands that the help lists are tested here")
  func commandsAreComplete() throws {
    let help = try Tool.run("--help").standardOutput
    let list = try #require(help.components(separatedBy: "SUBCOMMANDS:\n").last)
    let names = list.split(separator: "\n").compactMap { line -> String? in
      guard line.hasPrefix("  "), !line.hasPrefix("   "), !line.contains("'") else { return nil }
      return line.split(separator: " ").first.map(String.init)
    }
    #expect(Set(names) == Set(Self.commands.compactMap(\.first)))
  }

  @Test("The help lists every exit code", arguments: KirchhoffError.Kind.allCases)
  func exitCodes(kind: KirchhoffError.Kind) throws {
    let help = try Tool.run("--help").standardOutput
    let line = help.split(separator: "\n").first { line in
      line.split(separator: " ").first == "\(kind.exitCode)"
    }
    #expect(line != nil, "exit code \(kind.exitCode) is not in the help")
  }

  @Test("--version prints name and version")
  func version() throws {
    let output = try Tool.run("--version")
    #expect(output.exitCode == 0)
    #expect(output.standardOutput.wholeMatch(of: /kirchhoff \d+\.\d+\.\d+\n/) != nil)
  }

  @Test(
    "A wrong command line says what is wrong and exits with 64",
    arguments: [
      (["spcae"], "did you mean space?"), (["frobnicate"], "kirchhoff --help"),
      (["space", "mini", "--jsn"], "--json"), (["space"], "--list"),
      (["space", "mini", "--list"], "--list"), (["data", "fetch"], "name"),
      (["train", "--resume"], "--run"), (["train", "--threads", "0"], "--threads"),
      (["train", "--steps", "many"], "many"), (["doctor", "now"], "now"),
    ])
  func wrongCommandLine(arguments: [String], mentions: String) throws {
    let output = try Tool.run(arguments)
    #expect(output.exitCode == 64)
    #expect(output.standardOutput.isEmpty)
    #expect(output.standardError.hasPrefix("error: "))
    #expect(output.standardError.contains(mentions), "\(output.standardError)")
  }

  @Test("Completion scripts are valid shell", arguments: ["bash", "zsh"])
  func completionScripts(shell: String) throws {
    let script = try Tool.run("--generate-completion-script", shell)
    #expect(script.exitCode == 0)
    let program = URL(fileURLWithPath: "/bin/\(shell)")
    guard FileManager.default.isExecutableFile(atPath: program.path) else { return }
    let folder = try Folder()
    let path = try folder.write(script.standardOutput, to: "completion")
    let check = try Tool.run(program, ["-n", path])
    #expect(check.exitCode == 0, "\(check.standardError)")
  }

  @Test(
    "Bash completes commands, presets, data sets and YAML files",
    arguments: [
      (["do"], ["doctor"]), (["space", "nas"], ["nasvit"]), (["train", "comp"], ["compact"]),
      (["data", "fetch", "cifar"], ["cifar10", "cifar100"]),
      (["space", "my"], ["my-space.yaml"]),
    ])
  func bashCompletion(words: [String], expected: [String]) throws {
    let folder = try Folder()
    try folder.write("name: x\n", to: "my-space.yaml")
    try folder.write(
      try Tool.run("--generate-completion-script", "bash").standardOutput, to: "completion")
    let line = (["kirchhoff"] + words).joined(separator: " ")
    let program = """
      source completion
      COMP_WORDS=(\(line)); COMP_CWORD=\(words.count); COMP_LINE="\(line)"; COMP_POINT=\(line.count)
      _kirchhoff kirchhoff '\(words.last ?? "")' '\(words.dropLast().last ?? "kirchhoff")'
      printf '%s\\n' "${COMPREPLY[@]}"
      """
    let path =
      Tool.path.deletingLastPathComponent().path + ":"
      + (ProcessInfo.processInfo.environment["PATH"] ?? "")
    let output = try Tool.run(
      URL(fileURLWithPath: "/bin/bash"), ["-c", program], environment: ["PATH": path],
      in: folder.url)
    let offered = output.standardOutput.split(whereSeparator: \.isWhitespace).map(String.init)
    #expect(offered == expected, "\(output.standardError)")
  }
}
