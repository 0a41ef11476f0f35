import Foundation
import Kirchhoff

/// How the weights of devices that are trained in place follow pulses up, then down.
struct PulseReport: Encodable {
  /// The devices after some pulses.
  struct Point: Encodable {
    var pulses: Int
    var mean: Double
    var deviation: Double
  }

  var device: String
  var samples: Int
  var seed: UInt64
  /// Weights begin at the mean lower bound.
  var lower: Float
  var upper: Float
  var step: Float
  var up: [Point]
  var down: [Point]

  init(_ device: PulsedDevice, pulses: Int, samples: Int, seed: UInt64) {
    self.device = device.name
    self.samples = samples
    self.seed = seed
    (lower, upper, step) = (device.bounds.lowerBound, device.bounds.upperBound, device.step)
    var array = PulsedArray(
      device, outputs: samples, inputs: 1, chip: RandomStream(seed: seed).derived("device"))
    array.set([Float](repeating: lower, count: samples))
    // Twenty points either way.
    let shown = Set((0...20).map { $0 * pulses / 20 })
    func train(_ direction: Int32) -> [Point] {
      let counts = [Int32](repeating: direction, count: samples)
      return (0...pulses).compactMap { sent in
        if sent > 0 { array.pulse(counts) }
        return shown.contains(sent) ? Self.point(sent, array.weights) : nil
      }
    }
    up = train(1)
    down = train(-1)
  }

  private static func point(_ pulses: Int, _ weights: [Float]) -> Point {
    let mean = weights.reduce(0.0) { $0 + Double($1) } / Double(weights.count)
    let square = weights.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return Point(
      pulses: pulses, mean: mean, deviation: (square / Double(weights.count)).squareRoot())
  }

  var text: String {
    var table = Table([
      ("pulses", .right), ("mean", .right), ("sd", .right), ("mean ± sd", .left),
    ])
    let points = up + down
    let low = points.map { $0.mean - $0.deviation }.min() ?? 0
    let high = points.map { $0.mean + $0.deviation }.max() ?? 1
    for (title, points) in [("up", up), ("down", down)] {
      table.add(title, "", "", "")
      for point in points {
        table.add(
          grouped(point.pulses), String(format: "%.4f", point.mean),
          String(format: "%.4f", point.deviation), Self.bar(point, low, high))
      }
    }
    return """
      \(device): \(grouped(samples)) devices, mean step \(Self.number(step)), mean bounds \(Self.number(lower)) to \
      \(Self.number(upper))

      \(table.text(indent: 2))

        axis: \(String(format: "%.3g", low)) to \(String(format: "%.3g", high))
      """
  }

  private static func number(_ value: Float) -> String { String(format: "%g", value) }

  private static func bar(_ point: Point, _ low: Double, _ high: Double) -> String {
    let width = 40
    func place(_ value: Double) -> Int {
      min(max(Int(((value - low) / (high - low) * Double(width - 1)).rounded()), 0), width - 1)
    }
    var cells = [Character](repeating: " ", count: width)
    for cell in place(point.mean - point.deviation)...place(point.mean + point.deviation) {
      cells[cell] = "─"
    }
    cells[place(point.mean)] = "●"
    return String(cells)
  }
}
