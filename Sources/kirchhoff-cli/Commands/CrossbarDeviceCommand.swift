import ArgumentParser
import Kirchhoff

/// `kirchhoff crossbar device`: what becomes of the conductances that devices are asked for.
struct CrossbarDeviceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device",
    abstract: "Show a device: conductances programmed and later, measured and expected.",
    discussion: """
      Draws devices, programs all to one conductance, and lets time pass. Expected values are the \
      model's, by quadrature.

      Examples:
        kirchhoff crossbar device --list
        kirchhoff crossbar device pcm
        kirchhoff crossbar device pcm --conductance 2.5e-6,12.5e-6 --time 3600,86400 --json
        kirchhoff crossbar device reram-wan --time 1s,1d,2d
        kirchhoff crossbar device table.yaml
      """)

  @Argument(
    help:
      "A device's table in a .yaml file, or a device (\(DeviceRegistry.devices.map(\.name).joined(separator: ", "))).",
    completion: .list(DeviceRegistry.devices.map(\.name)))
  var device: String?

  @Flag(help: "List the devices.")
  var list = false

  @Option(
    help:
      "Conductances, siemens, separated by commas (default: a tenth, half and all of the range).")
  var conductance: Conductances?

  @Option(
    help: "Times since programming, separated by commas: 3600, 20s, 5min, 1h, 1d, 1y.")
  var time: Durations?

  @Option(help: "Devices to draw for each conductance.")
  var samples = 100_000

  @Option(help: "The seed of the draws.")
  var seed: UInt64 = 1

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if list == (device != nil) {
      throw ValidationError(
        list ? "--list takes no device." : "Name a device, or ask for them with --list.")
    }
    if samples < 2 { throw ValidationError("--samples is \(samples); it has to be at least 2.") }
  }

  func run() throws {
    guard let name = device else { return try printList() }
    compute.apply()
    let device = try DeviceChoice(name).model()
    let range = device.conductanceSiemens
    let width = range.upperBound - range.lowerBound
    let conductances =
      conductance?.siemens ?? [0.1, 0.5, 1].map { range.lowerBound + Float($0) * width }
    let seconds = time?.seconds ?? device.characterisedSeconds ?? [3600, 86_400, 31_536_000]
    for siemens in conductances { try device.checkTarget(siemens, place: "--conductance") }
    for time in seconds { try device.checkTime(time, place: "--time") }
    let report = DeviceReport(
      device, conductances: conductances, seconds: seconds, samples: samples, seed: seed)
    output.json ? try printJSON(report) : print(report.text)
  }

  private func printList() throws {
    struct Entry: Encodable {
      var name: String
      var summary: String
      var minimumSiemens: Float
      var maximumSiemens: Float
    }
    let entries = DeviceRegistry.devices.map {
      Entry(
        name: $0.name, summary: $0.summary, minimumSiemens: $0.conductanceSiemens.lowerBound,
        maximumSiemens: $0.conductanceSiemens.upperBound)
    }
    if output.json { return try printJSON(entries) }
    var table = Table(("device", .left), ("", .left))
    for entry in entries { table.add(entry.name, entry.summary) }
    print(table.text())
  }
}
