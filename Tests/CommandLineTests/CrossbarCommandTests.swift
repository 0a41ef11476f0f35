import Foundation
import Testing

@Suite("kirchhoff crossbar")
struct CrossbarCommandTests {
  private static let array = """
    {"resistanceOhms": [[10, 20, 30, 40], [50, 60, 70, 80], [90, 100, 110, 120],
      [130, 140, 150, 160], [170, 180, 190, 200]],
     "voltageVolts": [0, 1, 2, 3, 4], "wordLineOhms": 1, "bitLineOhms": 2}
    """

  @Test("An array is solved to the published currents")
  func solve() throws {
    let folder = try Folder()
    let path = try folder.write(Self.array, to: "array.json")
    let output = try Tool.run("crossbar", "solve", path)
    #expect(output.exitCode == 0, "\(output.standardError)")
    let currents = try #require(output.object()["columnCurrentAmperes"] as? [Double])
    let expected = [
      0.060570196651101416, 0.059327610716747844, 0.05634873882925334, 0.05335235457510154,
    ]
    for (a, b) in zip(currents, expected) { #expect(abs(a / b - 1) < 1e-12) }
    let matrix = try #require(output.object()["effectiveConductanceSiemens"] as? [[Double]])
    #expect(matrix.count == 5 && matrix.allSatisfy { $0.count == 4 })
  }

  @Test("An open device carries nothing")
  func open() throws {
    let folder = try Folder()
    let path = try folder.write(
      #"{"resistanceOhms": [[null, 5]], "voltageVolts": [1]}"#, to: "array.json")
    let output = try Tool.run("crossbar", "solve", path)
    #expect(try output.object()["columnCurrentAmperes"] as? [Double] == [0, 0.2])
  }

  @Test(
    "A wrong array is refused with its place",
    arguments: [
      (#"{"resistanceOhms": [[1, 2], [3]], "voltageVolts": [1, 2]}"#, "resistanceOhms[1]"),
      (#"{"resistanceOhms": [[1, -2]], "voltageVolts": [1]}"#, "resistanceOhms[0][1]"),
      (#"{"resistanceOhms": [[1, 2]], "voltageVolts": [1, 2]}"#, "voltageVolts"),
      (#"{"resistanceOhms": [[1]], "voltageVolts": [1], "wordLineOhm": 1}"#, "wordLineOhms"),
      (#"{"resistanceOhms": [[1]], "voltageVolts": [1], "senseOhms": -1}"#, "senseOhms"),
      (#"{"resistanceOhms": [[1]]"#, "YAML"), (#"{"voltageVolts": [1]}"#, "resistanceOhms"),
      (#"{"resistanceOhms": [], "voltageVolts": []}"#, "no device"),
    ])
  func wrongArray(_ text: String, _ mentions: String) throws {
    let folder = try Folder()
    let path = try folder.write(text, to: "array.json")
    let output = try Tool.run("crossbar", "solve", path)
    #expect(output.exitCode == 3)
    #expect(output.standardOutput.isEmpty)
    #expect(
      output.standardError.contains("array.json") && output.standardError.contains(mentions),
      "\(output.standardError)")
  }

  @Test("Devices are shown as measured and as expected")
  func device() throws {
    let output = try Tool.run(
      "crossbar", "device", "pcm", "--conductance", "2.5e-6,12.5e-6", "--time", "3600,1d",
      "--samples", "50000", "--json")
    #expect(output.exitCode == 0, "\(output.standardError)")
    let states = try #require(output.object()["states"] as? [[String: Any]])
    #expect(states.count == 2)
    let drifted = try #require(states[1]["drifted"] as? [[String: Any]])
    #expect(drifted.count == 2)
    for (moment, mean) in zip(drifted, [9.697490e-6, 8.312665e-6]) {
      let expected = try #require(moment["expected"] as? [String: Double])
      let measured = try #require(moment["measured"] as? [String: Double])
      #expect(abs(expected["meanSiemens"]! / mean - 1) < 1e-4)
      #expect(abs(measured["meanSiemens"]! / mean - 1) < 0.005)
    }
    let text = try Tool.run("crossbar", "device", "pcm", "--samples", "1000").standardOutput
    #expect(text.contains("programmed") && text.contains("●"))
    #expect(try Tool.run("crossbar", "device", "--list").standardOutput.contains("reram-wan"))
  }

  @Test(
    "A wrong device, conductance or time is refused",
    arguments: [
      (["pcn"], "did you mean \"pcm\"?", Int32(3)),
      (["pcm", "--conductance", "1e-3"], "--conductance", 3),
      (["pcm", "--time", "soon"], "soon", 64), (["reram-wan", "--time", "5"], "--time", 3),
    ])
  func wrongDevice(_ arguments: [String], _ mentions: String, _ code: Int32) throws {
    let output = try Tool.run(["crossbar", "device"] + arguments)
    #expect(output.exitCode == code)
    #expect(output.standardError.contains(mentions), "\(output.standardError)")
  }

  @Test("A device may be a table in a file, and its holes are named")
  func table() throws {
    let folder = try Folder()
    let path = try folder.write(
      """
      {name: mine, states: [{targetSiemens: 0, deviationSiemens: 0},
        {targetSiemens: 1e-5, deviationSiemens: 1e-7}]}
      """, to: "table.yaml")
    let output = try Tool.run("crossbar", "device", path, "--samples", "1000")
    #expect(output.exitCode == 0, "\(output.standardError)")
    #expect(output.standardOutput.hasPrefix("mine: 1,000 devices"))
    let hole = try folder.write(
      "{name: mine, states: [{targetSiemens: 0}, {targetSiemens: 1e-5}]}", to: "hole.yaml")
    let refused = try Tool.run("crossbar", "device", hole)
    #expect(refused.exitCode == 3)
    #expect(
      refused.standardError.contains("states[0].deviationSiemens"), "\(refused.standardError)")
  }

  @Test("Devices that are trained in place are sent pulses up and down")
  func pulses() throws {
    let output = try Tool.run(
      "crossbar", "device", "ecram", "--pulses", "40", "--samples", "200", "--json")
    #expect(output.exitCode == 0, "\(output.standardError)")
    let report = try output.object()
    let up = try #require(report["up"] as? [[String: Any]])
    let means = up.compactMap { $0["mean"] as? Double }
    #expect(means.count == 21 && means == means.sorted())
    #expect(try Tool.run("crossbar", "device", "--list").standardOutput.contains("reram-sb"))
    let unknown = try Tool.run("crossbar", "device", "ecran")
    #expect(unknown.exitCode == 3 && unknown.standardError.contains("did you mean \"ecram\"?"))
    for arguments in [["pcm", "--pulses", "9"], ["ecram", "--time", "1h"]] {
      #expect(try Tool.run(["crossbar", "device"] + arguments).exitCode == 64)
    }
  }

  @Test("A surrogate is learned, reported and saved")
  func surrogate() throws {
    let folder = try Folder()
    let path = folder.path("surrogate.safetensors")
    let output = try Tool.run(
      "crossbar", "surrogate", "--size", "4", "--samples", "300", "--epochs", "2", "--quiet",
      "--save", path, "--json")
    #expect(output.exitCode == 0, "\(output.standardError)")
    #expect(try output.object()["surrogateError"] is Double)
    #expect(FileManager.default.fileExists(atPath: path))
  }

  @Test("The self-test holds")
  func selfTest() throws {
    let output = try Tool.run("crossbar", "selftest")
    #expect(output.exitCode == 0, "\(output.standardError)")
    #expect(output.standardOutput.contains("checks hold"))
  }

  @Test("A run is scored on arrays; ideal arrays change nothing")
  func evaluate() throws {
    let run = try TrainedRun.path.get()
    func rows(_ arguments: String...) throws -> [[String: Any]] {
      let output = try Tool.run(
        ["evaluate", run, "largest", "--json", "--quiet", "--chips", "3"] + arguments)
      #expect(output.exitCode == 0, "\(output.standardError)")
      return try #require(output.object()["rows"] as? [[String: Any]])
    }
    let ideal = try #require(try rows("--crossbar", "ideal")[0]["analog"] as? [String: Any])
    let change = try #require(ideal["change"] as? [String: Any])
    #expect(abs(try #require(change["mean"] as? Double)) < 0.01)
    let swept = try rows("--crossbar", "pcm", "--time", "1h,1y", "--sweep", "adc-bits=3,9")
    #expect(swept.count == 4)
    let outputs = try ["1", "2"].map { threads in
      try Tool.run(
        "evaluate", run, "largest", "--quiet", "--chips", "2", "--crossbar", "pcm", "--threads",
        threads
      ).standardOutput
    }
    #expect(outputs[0] == outputs[1] && outputs[0].contains("±"))
  }

  @Test("A time at which a device was not characterised is that before it, with a warning")
  func unknownTime() throws {
    let run = try TrainedRun.path.get()
    let output = try Tool.run(
      "evaluate", run, "largest", "--quiet", "--chips", "1", "--crossbar", "rram", "--sweep",
      "read-noise=0:0.2:2", "--time", "1h,1d")
    #expect(output.exitCode == 0, "\(output.standardError)")
    #expect(
      output.standardError.contains("reram-wan was not characterised at 1 h"),
      "\(output.standardError)")
    #expect(!output.standardError.contains("characterised at 1 d"))
  }

  @Test("A plan chooses layer by layer, and an evaluation goes on with the chips that are known")
  func plan() throws {
    let folder = try Folder()
    let run = try TrainedRun.copy(to: folder)
    let plan = try folder.write(
      """
      hardware: pcm
      attention: arrays
      depthwise: arrays
      layers: [{layer: "stem*", on: digital}, {layer: "head*", rows: 64, columns: 64}]
      """, to: "plan.yaml")
    func evaluate(_ arguments: String...) throws -> String {
      let output = try Tool.run(
        ["evaluate", run, "largest", "--crossbar", plan, "--quiet"] + arguments)
      #expect(output.exitCode == 0, "\(output.standardError)")
      return output.standardOutput
    }
    let whole = try evaluate("--chips", "3")
    let log = folder.path("run/chips.jsonl")
    let lines = try String(contentsOfFile: log, encoding: .utf8)
    #expect(lines.split(separator: "\n").count == 3)
    // Stopped after one chip and a half.
    let first = lines.split(separator: "\n")[0]
    try "\(first)\n{\"key\": ".write(toFile: log, atomically: true, encoding: .utf8)
    #expect(try evaluate("--chips", "3", "--resume") == whole)
    #expect(try String(contentsOfFile: log, encoding: .utf8) == lines)
  }

  @Test(
    "A wrong sweep is refused",
    arguments: [
      (["--crossbar", "pcm", "--sweep", "colour=1:2"], "colour", Int32(64)),
      (["--crossbar", "pcm", "--sweep", "adc-bits=1:3"], "adc-bits", 64),
      (["--crossbar", "pmc"], "did you mean \"pcm\"?", 3),
      (["--sweep", "adc-bits=4:8"], "--crossbar", 64),
    ])
  func wrongSweep(_ arguments: [String], _ mentions: String, _ code: Int32) throws {
    let run = try TrainedRun.path.get()
    let output = try Tool.run(["evaluate", run, "--quiet"] + arguments)
    #expect(output.exitCode == code, "\(output.standardError)")
    #expect(output.standardError.contains(mentions), "\(output.standardError)")
  }
}
