import Crossbar
import Foundation
import Runtime
import Testing

@Suite("Device tables")
struct DeviceTableTests {
  private static let text = """
    name: my-device
    source: measured in the laboratory
    seconds: [0, 86400]
    states:
      - {targetSiemens: 1e-6, meanSiemens: [1e-6, 2e-6], deviationSiemens: [1e-7, 3e-7]}
      - {targetSiemens: 5e-6, meanSiemens: [5e-6, 6e-6], deviationSiemens: [2e-7, 4e-7],
         readDeviationSiemens: 1e-8}
      - {targetSiemens: 20e-6, meanSiemens: [18e-6, 17e-6], deviationSiemens: [4e-7, 4e-7],
         readDeviationSiemens: 4e-8}
    """

  @Test("States have what the table says; between them values lie on a line")
  func interpolated() throws {
    let table = try DeviceTable(yaml: Self.text, file: "device.yaml")
    let middle = table.expectedStatistics(target: 3e-6, seconds: 0)
    #expect(abs(middle.meanSiemens / 3e-6 - 1) < 1e-5)
    #expect(abs(middle.deviationSiemens / 1.5e-7 - 1) < 1e-4)
    #expect(abs(middle.readDeviationSiemens / 5e-9 - 1) < 1e-5)
    let later = table.measuredStatistics(
      target: 20e-6, seconds: 86_400, count: 100_000, stream: RandomStream(seed: 1))
    // Five standard errors.
    #expect(abs(later.meanSiemens - 17e-6) < 5 * 4e-7 / 100_000.0.squareRoot())
    #expect(abs(later.deviationSiemens / 4e-7 - 1) < 5 * (0.5 / 100_000.0).squareRoot())
    #expect(table.characterisedSeconds == [0, 86_400])
  }

  @Test("A discrete table has its own states only")
  func discrete() throws {
    let text = """
      {name: two, discrete: true, states: [
        {targetSiemens: 1e-6, deviationSiemens: 0}, {targetSiemens: 9e-6, deviationSiemens: 0}]}
      """
    let table = try DeviceTable(yaml: text, file: "two.yaml")
    #expect(table.stateCount == 2)
    let found = [1e-6, 4.9e-6, 5.1e-6].map {
      table.conductance(target: $0, seconds: 0, draws: .none)
    }
    #expect(found == [1e-6, 1e-6, 9e-6])
  }

  @Test("Hardware finds the table beside its own file, and keeps it")
  func besideHardware() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "table-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Self.text.write(
      to: folder.appendingPathComponent("device.yaml"), atomically: true, encoding: .utf8)
    let file = folder.appendingPathComponent("hardware.yaml")
    try "{device: device.yaml, seconds: 86400}".write(
      to: file, atomically: true, encoding: .utf8)
    let hardware = try CrossbarHardware(contentsOf: file)
    #expect(hardware.device.name == "my-device")
    // Written out it needs no other file.
    #expect(try CrossbarHardware(yaml: hardware.yaml(), file: "elsewhere.yaml") == hardware)
    try "{device: missing.yaml}".write(to: file, atomically: true, encoding: .utf8)
    let missing = #expect(throws: KirchhoffError.self) { try CrossbarHardware(contentsOf: file) }
    #expect(missing?.description.contains("missing.yaml") ?? false)
    try "{device: device.yaml, seconds: 7}".write(to: file, atomically: true, encoding: .utf8)
    let time = #expect(throws: KirchhoffError.self) { try CrossbarHardware(contentsOf: file) }
    #expect(time?.description.contains("my-device was characterised") ?? false)
  }

  @Test(
    "A table with holes or out of order is refused with its place",
    arguments: [
      ("states: [{targetSiemens: 1e-6, deviationSiemens: 0}]", "2 or more"),
      (
        "states: [{targetSiemens: 1e-6}, {targetSiemens: 2e-6, deviationSiemens: 0}]",
        "states[0].deviationSiemens"
      ),
      (
        "states: [{targetSiemens: 1e-6, deviationSiemens: 0}, {deviationSiemens: 0}]",
        "states[1].targetSiemens"
      ),
      (
        "states: [{targetSiemens: 2e-6, deviationSiemens: 0}, {targetSiemens: 1e-6, deviationSiemens: 0}]",
        "states[1].targetSiemens"
      ),
      (
        "states: [{targetSiemens: 1e-6, deviationSiemens: -1}, {targetSiemens: 2e-6, deviationSiemens: 0}]",
        "states[0].deviationSiemens"
      ),
      (
        "states: [{targetSiemens: .nan, deviationSiemens: 0}, {targetSiemens: 2e-6, deviationSiemens: 0}]",
        "states[0].targetSiemens"
      ),
      (
        "seconds: [0, 9]\nstates: [{targetSiemens: 1e-6, deviationSiemens: [0]}, {targetSiemens: 2e-6, deviationSiemens: [0, 1e-7]}]",
        "states[0].deviationSiemens"
      ),
      (
        "seconds: [0, 9]\nstates: [{targetSiemens: 1e-6, deviationSiemens: [0, null]}, {targetSiemens: 2e-6, deviationSiemens: [0, 1e-7]}]",
        "states[0].deviationSiemens"
      ),
      ("seconds: [9, 0]\nstates: []", "rising times"),
    ])
  func refused(_ text: String, _ mentions: String) {
    let error = #expect(throws: KirchhoffError.self) {
      try DeviceTable(yaml: "name: broken\n" + text, file: "device.yaml")
    }
    let description = error?.description ?? ""
    #expect(
      description.contains("device.yaml") && description.contains(mentions), "\(description)")
  }
}
