import ArgumentParser
import Foundation
import Kirchhoff

/// On which arrays a network runs.
struct CrossbarOptions: ParsableArguments {
  @Option(
    name: .customLong("crossbar"),
    help: ArgumentHelp(
      "Run on arrays: a preset (\(CrossbarHardware.presets.map(\.name).joined(separator: ", "))) or a YAML file.",
      valueName: "hardware"),
    completion: .list(CrossbarHardware.presets.map(\.name)))
  var hardware: String?

  @Option(help: "Chips to draw.")
  var chips = 10

  @Option(help: "Times since programming, separated by commas: 3600, 20s, 5min, 1h, 1d, 1y.")
  var time: Durations?

  @Option(
    help: ArgumentHelp(
      """
      Vary a parameter: name=from:to:count, name=from:to in whole steps, or name=value,value. Several \
      sweeps make a grid. Names: \(SweptParameter.allCases.map(\.rawValue).joined(separator: ", ")).
      """, valueName: "name=values"))
  var sweep: [Sweep] = []

  @Flag(
    help:
      "Go on with an evaluation of the run on arrays that was stopped: chips that are known are kept."
  )
  var resume = false

  func validate() throws {
    guard hardware == nil else {
      if !(1...10_000).contains(chips) {
        throw ValidationError("--chips is \(chips); it has to be 1 to 10000.")
      }
      let names = sweep.map(\.parameter)
      for name in names where names.filter({ $0 == name }).count > 1 {
        throw ValidationError("--sweep \(name.rawValue) is given twice.")
      }
      return
    }
    if !sweep.isEmpty || time != nil || resume {
      throw ValidationError("--sweep, --time and --resume need arrays: --crossbar HARDWARE.")
    }
  }

  /// A point of the grid.
  struct Point {
    var settings: [(name: String, value: Double)]
    var plan: ArrayPlan
  }

  /// The grid of all sweeps and times; empty without arrays.
  func points() throws -> [Point] {
    guard let hardware else { return [] }
    var points = [Point(settings: [], plan: try ArrayPlan.named(hardware))]
    var sweeps = sweep
    if let time {
      sweeps.append(Sweep(parameter: .seconds, values: time.seconds.map(Double.init)))
    }
    for sweep in sweeps {
      points = try points.flatMap { point in
        try sweep.values.map { value in
          var next = point
          try next.plan.change { try sweep.parameter.set(value, in: &$0) }
          next.settings.append((sweep.parameter.rawValue, value))
          return next
        }
      }
    }
    var warned = Set<String>()
    for index in points.indices {
      try points[index].plan.change { hardware in
        let device = try hardware.device.model()
        let known = device.knownSeconds(at: hardware.seconds)
        guard known != hardware.seconds else { return }
        let warning =
          "\(device.name) was not characterised at \(Durations.text(hardware.seconds)): it is taken as at "
          + Durations.text(known)
        if warned.insert(warning).inserted { note("warning: \(warning)") }
        hardware.seconds = known
      }
    }
    return points
  }
}
