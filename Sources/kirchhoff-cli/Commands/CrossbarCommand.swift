import ArgumentParser

/// `kirchhoff crossbar`: arrays and devices by themselves.
struct CrossbarCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crossbar",
    abstract:
      "Solve one array, look at a device, learn a surrogate, check the physics on this machine.",
    discussion: """
      Examples:
        kirchhoff crossbar solve array.json
        kirchhoff crossbar device pcm --conductance 2.5e-6,12.5e-6 --time 1h,1d,1y
        kirchhoff crossbar device --list
        kirchhoff crossbar selftest
        kirchhoff crossbar surrogate --size 16
      """,
    subcommands: [
      CrossbarSolveCommand.self, CrossbarDeviceCommand.self, CrossbarSelfTestCommand.self,
      CrossbarSurrogateCommand.self,
    ])
}
