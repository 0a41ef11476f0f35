import ArgumentParser
import Kirchhoff

/// `kirchhoff crossbar device`: what becomes of the conductances that devices are asked for.
struct CrossbarDeviceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device",
    abstract: "Show a device: conductances programmed and later, measured and expected.",
    discussion: """
      Draws devices, programs all to one conductance, and lets time pass. Expected values are the \
      model's, by quadrature. Devices that are trained in place are sent pulses up, then as many down.

      Examples:
        kirchhoff crossbar device --list
        kirchhoff crossbar device pcm
        kirchhoff crossbar device pcm --conductance 2.5e-6,12.5e-6 --time 3600,86400 --json
        kirchhoff crossbar device reram-wan --time 1s,1d,2d
        kirchhoff crossbar device table.yaml
        kirchhoff crossbar device ecram --pulses 1000
      """)

  @Argument(
    help: "A device's table in a .yaml file, or a device (\(Self.names.joined(separator: ", "))).",
    completion: .list(Self.names))
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

  @Option(
    help:
      "Pulses up, then down, of a device that is trained in place (default: as many as it has states)."
  )
  var pulses: Int?

  @Option(
    help: "Devices to draw for each conductance (default: 100000, or 1000 that are sent pulses).")
  var samples: Int?

  @Option(help: "The seed of the draws.")
  var seed: UInt64 = 1

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var output: OutputOptions

  private static let names =
    DeviceRegistry.devices.map(\.name) + PulsedDeviceRegistry.devices.map(\.name)

  func validate() throws {
    if list == (device != nil) {
      throw ValidationError(
        list ? "--list takes no device." : "Name a device, or ask for them with --list.")
    }
    if let pulses, !(1...1_000_000).contains(pulses) {
      throw ValidationError("--pulses is \(pulses); it has to be 1 to 1000000.")
    }
    if let samples, samples < 2 {
      throw ValidationError("--samples is \(samples); it has to be at least 2.")
    }
  }

  func run() throws {
    guard let name = device else { return try printList() }
    compute.apply()
    if let device = PulsedDeviceRegistry.devices.first(where: { $0.name == name }) {
      return try showPulses(of: device)
    }
    let device = try model(name)
    if pulses != nil {
      throw ValidationError("--pulses belongs to devices that are trained in place: see --list.")
    }
    let range = device.conductanceSiemens
    let width = range.upperBound - range.lowerBound
    let conductances =
      conductance?.siemens ?? [0.1, 0.5, 1].map { range.lowerBound + Float($0) * width }
    let seconds = time?.seconds ?? device.characterisedSeconds ?? [3600, 86_400, 31_536_000]
    for siemens in conductances { try device.checkTarget(siemens, place: "--conductance") }
    for time in seconds { try device.checkTime(time, place: "--time") }
    let report = DeviceReport(
      device, conductances: conductances, seconds: seconds, samples: samples ?? 100_000, seed: seed)
    output.json ? try printJSON(report) : print(report.text)
  }

  /// A device, or the table of a file; names of devices that are trained in place are suggested too.
  private func model(_ name: String) throws -> any DeviceModel {
    do {
      return try DeviceChoice(name).model()
    } catch let error as KirchhoffError where error.subject == "device" {
      throw KirchhoffError(
        .config, subject: "device", found: error.found,
        expected: "one of " + Self.names.joined(separator: ", ") + ", or the .yaml file of a table",
        hint: nearest(name, in: Self.names).map { "did you mean \"\($0)\"?" })
    }
  }

  private func showPulses(of device: PulsedDevice) throws {
    if conductance != nil || time != nil {
      throw ValidationError(
        "\(device.name) is trained in place: it takes --pulses, no --conductance and no --time.")
    }
    let report = PulseReport(
      device, pulses: pulses ?? Int(min(device.stateCount, 10_000).rounded()),
      samples: samples ?? 1000, seed: seed)
    output.json ? try printJSON(report) : print(report.text)
  }

  private func printList() throws {
    struct Entry: Encodable {
      var name: String
      var summary: String
      var minimumSiemens: Float?
      var maximumSiemens: Float?
      var states: Float?
    }
    let entries = DeviceRegistry.devices.map {
      Entry(
        name: $0.name, summary: $0.summary, minimumSiemens: $0.conductanceSiemens.lowerBound,
        maximumSiemens: $0.conductanceSiemens.upperBound)
    }
    let pulsed = PulsedDeviceRegistry.devices.map {
      Entry(name: $0.name, summary: $0.summary, states: $0.stateCount)
    }
    if output.json { return try printJSON(entries + pulsed) }
    var table = Table(("device", .left), ("", .left))
    for entry in entries { table.add(entry.name, entry.summary) }
    table.addBlank()
    table.add("trained in place", "")
    for entry in pulsed { table.add(entry.name, entry.summary) }
    print(table.text())
  }
}
