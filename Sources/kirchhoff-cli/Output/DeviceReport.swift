import Foundation
import Kirchhoff

/// A device's conductances after programming and later, as drawn and as the model expects them.
struct DeviceReport: Encodable {
  /// One time of one state.
  struct Moment: Encodable {
    var seconds: Float
    var measured: DeviceStatistics
    var expected: DeviceStatistics
  }

  /// One conductance that devices were asked for.
  struct State: Encodable {
    var conductanceSiemens: Float
    var programmed: Moment
    var drifted: [Moment]
  }

  var device: String
  var samples: Int
  var seed: UInt64
  var states: [State]

  init(
    _ device: any DeviceModel, conductances: [Float], seconds: [Float], samples: Int, seed: UInt64
  ) {
    self.device = device.name
    self.samples = samples
    self.seed = seed
    states = conductances.enumerated().map { index, target in
      let stream = RandomStream(seed: seed).derived("device").derived(UInt64(index))
      func moment(_ seconds: Float) -> Moment {
        Moment(
          seconds: seconds,
          measured: device.measuredStatistics(
            target: target, seconds: seconds, count: samples, stream: stream),
          expected: device.expectedStatistics(target: target, seconds: seconds))
      }
      return State(
        conductanceSiemens: target, programmed: moment(0),
        drifted: seconds.filter { $0 > 0 }.map(moment))
    }
  }

  var text: String {
    var table = Table([
      ("target µS", .right), ("time", .left), ("mean", .right), ("expected", .right),
      ("sd", .right), ("expected", .right), ("read sd", .right), ("mean ± 2 sd", .left),
    ])
    let scale = Scale(states)
    for state in states {
      for moment in [state.programmed] + state.drifted {
        let isFirst = moment.seconds == 0
        table.add(
          isFirst ? micro(Double(state.conductanceSiemens)) : "",
          isFirst ? "programmed" : Durations.text(moment.seconds),
          micro(moment.measured.meanSiemens), micro(moment.expected.meanSiemens),
          micro(moment.measured.deviationSiemens), micro(moment.expected.deviationSiemens),
          micro(moment.measured.readDeviationSiemens), scale.bar(moment.measured))
      }
    }
    return "\(device): \(grouped(samples)) devices a state, microsiemens\n\n"
      + table.text(indent: 2)
      + "\n\n  axis: 0 to \(micro(scale.maximum)) µS"
  }

  private func micro(_ siemens: Double) -> String { String(format: "%.4g", siemens * 1e6) }
}

/// The axis of the plot beside the table.
private struct Scale {
  let maximum: Double
  private let width = 40

  init(_ states: [DeviceReport.State]) {
    maximum =
      states.flatMap { [$0.programmed] + $0.drifted }
      .map { $0.measured.meanSiemens + 2 * $0.measured.deviationSiemens }.max() ?? 1
  }

  func bar(_ statistics: DeviceStatistics) -> String {
    func place(_ siemens: Double) -> Int {
      min(max(Int((siemens / maximum * Double(width - 1)).rounded()), 0), width - 1)
    }
    let spread = 2 * statistics.deviationSiemens
    var cells = [Character](repeating: " ", count: width)
    for cell in place(statistics.meanSiemens - spread)...place(statistics.meanSiemens + spread) {
      cells[cell] = "─"
    }
    cells[place(statistics.meanSiemens)] = "●"
    return String(cells)
  }
}
