import Crossbar
import Foundation
import Runtime
import Testing

/// Statistical gates are five standard errors wide: one false alarm in 1.7 million.
@Suite("Pulsed arrays")
struct PulsedArrayTests {
  private static let chip = RandomStream(seed: 11).derived("chip")

  /// Devices alike but for the noise of their pulses.
  private static func alike(
    _ model: PulsedStep, cycleToCycle: Float = 0, bounds: ClosedRange<Float> = -1...1
  ) -> PulsedDevice {
    var device = PulsedDevice(
      name: "alike", summary: "", model: model, step: 0.01, bounds: bounds)
    (device.stepVariation, device.asymmetryVariation) = (0, 0)
    (device.upperVariation, device.lowerVariation) = (0, 0)
    device.cycleToCycle = cycleToCycle
    return device
  }

  private static func array(_ device: PulsedDevice, _ count: Int = 4000) -> PulsedArray {
    PulsedArray(device, outputs: count, inputs: 1, chip: chip)
  }

  private static func moments(_ values: [Float]) -> (mean: Double, variance: Double) {
    let moments = Moments(values)
    return (moments.mean, moments.variance)
  }

  @Test(
    "A pulse moves a weight by its model's step",
    arguments: [
      // At weight 0.4 of bounds ±1: what is left of a step up and of one down.
      (PulsedStep.constant, 1.0, 1.0),
      (.linear(up: 0.5, down: 0.25), 1 - 0.5 * 0.4, 1 + 0.25 * 0.4),
      (.softBounds, 0.6, 1.4),
      (.power(2), 0.09, 0.49),
      (
        .exponential(
          .init(
            upFactor: -1, downFactor: 0.5, upExponent: 2, downExponent: 1, scale: -0.5, offset: 0.1)
        ),
        1 + exp(2 * (-0.2 + 0.1)), 1 - 0.5 * exp(-(-0.2 + 0.1))
      ),
    ])
  func steps(_ model: PulsedStep, _ up: Double, _ down: Double) {
    var array = Self.array(Self.alike(model), 2)
    array.set([0.4, 0.4])
    array.pulse([1, -1])
    // Single precision of a weight of 0.4.
    #expect(abs(Double(array.weights[0]) - 0.4 - 0.01 * up) < 1e-7)
    #expect(abs(Double(array.weights[1]) - 0.4 + 0.01 * down) < 1e-7)
    #expect(array.pulses == [1, 1])
  }

  @Test(
    "Noise of cycles has the variance of the model, pulse by pulse",
    arguments: [
      (PulsedStep.constant, 1.0), (.softBounds, 1.0),
      (.linear(up: 0.5, down: 0.5, noiseFollowsStep: true), 0.8), (.power(2), 0.09),
    ])
  func cycles(_ model: PulsedStep, _ scale: Double) {
    let count = 40_000
    var array = Self.array(Self.alike(model, cycleToCycle: 0.3), count)
    array.set([Float](repeating: 0.4, count: count))
    array.pulse([Int32](repeating: 1, count: count))
    let first = Moments(array.weights)
    let n = Double(count)
    let deviation = 0.3 * 0.01 * scale
    #expect(abs(first.variance / (deviation * deviation) - 1) < 5 * (2 / n).squareRoot())
    #expect(abs(first.excessKurtosis) < 5 * (24 / n).squareRoot())
    #expect(abs(first.correlation(lag: 1)) < 5 / n.squareRoot())
    // Another pulse has noise of its own.
    let before = array.weights
    array.pulse([Int32](repeating: 1, count: count))
    let second = Moments(zip(array.weights, before).map { $0 - $1 })
    let own = Moments(before)
    let bound = 5 / n.squareRoot()
    // Where steps shrink with the weight, that ties the second to the first by a hundredth.
    #expect(abs(second.correlation(with: own)) < bound + 0.05)
  }

  @Test("Coincidences of an update move weights by rate·d·x, their counts binomial")
  func update() {
    // The published example: 10 slots, counts [[10, 5], [2.5, 1.25]] of means, in steps of 0.001.
    var device = Self.alike(.constant)
    device.step = 0.001
    device.bounds = -100...100
    let trains = StochasticUpdate(step: 0.001)
    let updates = 4000
    var array = PulsedArray(device, outputs: 2, inputs: 2, chip: Self.chip)
    var squares = [Double](repeating: 0, count: 4)
    var before = array.weights
    for _ in 0..<updates {
      array.update([0.2, 0.05], [0.5, 0.25], rate: 0.1, trains)
      for index in 0..<4 {
        let change = Double(array.weights[index] - before[index]) / 0.001
        let mean = [10, 5, 2.5, 1.25][index]
        squares[index] += (change - mean) * (change - mean)
      }
      before = array.weights
    }
    let means = array.weights.map { Double($0) / 0.001 / Double(updates) }
    for (index, (mean, deviation)) in [
      (10.0, 0.0), (5, 1.581139), (2.5, 1.369306), (1.25, 1.045825),
    ].enumerated() {
      // Weights near 40 add up steps of 0.001 to 1e-5 of them.
      #expect(abs(means[index] - mean) < 5 * deviation / Double(updates).squareRoot() + 0.01)
      let variance = squares[index] / Double(updates)
      #expect(
        abs(variance - deviation * deviation)
          < 5 * deviation * deviation * (2.5 / Double(updates)).squareRoot() + 0.01)
    }
    #expect(array.totalPulses == array.pulses.reduce(0) { $0 + Int($1) })
  }

  @Test("Soft bounds rest at the published symmetry point, and pulses up and down lead there")
  func symmetryPoint() throws {
    var device = PulsedDevice.rasch(states: 200)
    device.cycleToCycle = 0
    device.asymmetryVariation = 0.3
    var array = Self.array(device, 500)
    let points = try #require(array.symmetryPoints)
    for index in points.indices {
      let (up, down) = (array.stepUp[index], array.stepDown[index])
      let (low, high) = (array.lower[index], array.upper[index])
      let published = (up - down) / (up / high - down / low)
      guard low < -0.05, high > 0.05, up > 0, down > 0 else { continue }
      #expect(abs(points[index] - published) < 1e-5)
    }
    let one = [Int32](repeating: 1, count: 500)
    array.set(points.map { $0 + 0.2 })
    var apart: [Double] = []
    for pair in 0..<600 {
      array.pulse(one)
      array.pulse(one.map { -$0 })
      if pair == 24 { apart = zip(array.weights, points).map { Double($0 - $1) } }
    }
    // A pair takes α⁺/upper + α⁻/|lower| of the distance: 25 pairs of mean steps 1/100 leave exp(−0.5) of 0.2.
    let left = apart.sorted()[250] / 0.2
    #expect(abs(left - exp(-0.5)) < 0.1)
    let far = zip(array.weights, points).filter { abs($0 - $1) > 0.02 }.count
    #expect(far < 25)
  }

  @Test("Constant steps up and down alike leave the mean where it is")
  func constantSteps() throws {
    let count = 4000
    var array = Self.array(Self.alike(.constant, cycleToCycle: 0.3), count)
    #expect(array.symmetryPoints == nil)
    array.set([Float](repeating: 0.2, count: count))
    let one = [Int32](repeating: 1, count: count)
    for _ in 0..<50 {
      array.pulse(one)
      array.pulse(one.map { -$0 })
    }
    let moments = Moments(array.weights)
    let deviation = 0.3 * 0.01 * 100.0.squareRoot()
    #expect(abs(moments.mean - 0.2) < 5 * deviation / Double(count).squareRoot())
    #expect(
      abs(moments.variance / (deviation * deviation) - 1) < 5 * (2 / Double(count)).squareRoot())
  }

  @Test("Write noise is on what is seen, not on what is kept")
  func writeNoise() {
    let count = 20_000
    var device = Self.alike(.constant)
    device.writeNoise = 5
    var array = Self.array(device, count)
    let one = [Int32](repeating: 1, count: count)
    for _ in 0..<20 { array.pulse(one) }
    let moments = Moments(array.weights)
    let n = Double(count)
    #expect(abs(moments.mean - 0.2) < 5 * 0.05 / n.squareRoot())
    // The last pulse's alone.
    #expect(abs(moments.variance / (0.05 * 0.05) - 1) < 5 * (2 / n).squareRoot())
  }

  @Test("Devices differ as the device says", arguments: PulsedDeviceRegistry.devices.map(\.name))
  func population(_ name: String) throws {
    let device = try PulsedDeviceRegistry.device(name)
    let count = 40_000
    let array = Self.array(device, count)
    let n = Double(count)
    // The upper half of what each direction lacks cancels in the sum.
    let lack = Double(abs(device.asymmetry)) / 2
    let step = Moments(zip(array.stepUp, array.stepDown).map { ($0 + $1) / 2 / device.step })
    let s = Double(device.stepVariation)
    switch device.stepDistribution {
    case .normal:
      // Of 0.3, one in 2,300 would be below 0 and is 0.
      #expect(abs(step.mean - 1 + lack) < 5 * s / n.squareRoot() + 2e-4)
      #expect(abs(step.variance / (s * s) - 1) < 5 * (2 / n).squareRoot() + 0.01)
    case .logNormal:
      let logs = Moments(zip(array.stepUp, array.stepDown).map { log(($0 + $1) / 2 / device.step) })
      #expect(abs(logs.mean) < 5 * s / n.squareRoot() + 1e-3)
      #expect(abs(logs.variance / (s * s) - 1) < 5 * (2 / n).squareRoot() + 0.01)
    }
    let upper = Moments(array.upper.map { $0 / device.bounds.upperBound })
    let spread = Double(device.upperVariation)
    #expect(abs(upper.mean - 1) < 5 * spread / n.squareRoot() + 2e-3 * spread)
    #expect(abs(upper.variance / (spread * spread) - 1) < 5 * (2 / n).squareRoot() + 0.02)
  }

  /// What 200 × 200 devices of aihwkit 1.2.0's presets have, read from a tile's hidden parameters; steps in units of
  /// the mean step.
  struct Measured: Sendable {
    var name: String
    var up: (mean: Double, deviation: Double)
    var down: (mean: Double, deviation: Double)
    var upperDeviation: Double
    var lowerDeviation: Double
  }

  private static let measured = [
    Measured(
      name: "reram-es", up: (1, 0.2062), down: (0.7409, 0.2068), upperDeviation: 0.2976,
      lowerDeviation: 0.3005),
    Measured(
      name: "reram-sb", up: (1.0002, 0.2993), down: (1.0004, 0.2993), upperDeviation: 0.3005,
      lowerDeviation: 0.296),
    Measured(
      name: "capacitor", up: (1.0007, 0.1165), down: (0.9995, 0.1164), upperDeviation: 0.0702,
      lowerDeviation: 0.0699),
    Measured(
      name: "ecram", up: (1.0002, 0.1003), down: (1.0002, 0.1002), upperDeviation: 0.0585,
      lowerDeviation: 0.0416),
    Measured(
      name: "ecram-mo", up: (1.0007, 0.1008), down: (1.0008, 0.1008), upperDeviation: 0.0584,
      lowerDeviation: 0.0413),
    Measured(
      name: "gokmen-vlasov", up: (0.997, 0.3008), down: (0.9971, 0.3006), upperDeviation: 0.2978,
      lowerDeviation: 0.3007),
    Measured(
      name: "pcm-pulsed", up: (1.0005, 0.205), down: (1.0012, 0.2052), upperDeviation: 0.1998,
      lowerDeviation: 0),
    Measured(
      name: "reram-array-om", up: (1.3547, 1.2433), down: (1.3547, 1.2433),
      upperDeviation: 0.3493, lowerDeviation: 0.5366),
  ]

  @Test("Presets have the populations of aihwkit's", arguments: measured)
  func populationsOfThePeer(_ peer: Measured) throws {
    let device = try PulsedDeviceRegistry.device(peer.name)
    let array = PulsedArray(device, outputs: 200, inputs: 200, chip: Self.chip)
    // Both are samples of 40,000. Deviations of log-normal steps have a heavy tail; bounds are cut at 0.
    let standardError = (2.0 / 40_000).squareRoot()
    let isHeavy = device.stepDistribution == .logNormal
    for (values, known) in [(array.stepUp, peer.up), (array.stepDown, peer.down)] {
      let moments = Moments(values.map { $0 / device.step })
      #expect(abs(moments.mean - known.mean) < 5 * standardError * known.deviation)
      #expect(
        abs(moments.variance.squareRoot() / known.deviation - 1)
          < (isHeavy ? 0.1 : 5 * standardError))
    }
    for (values, known) in [
      (array.upper, peer.upperDeviation), (array.lower, peer.lowerDeviation),
    ] {
      let deviation = Moments(values).variance.squareRoot()
      #expect(abs(deviation - known) < 5 * standardError * known + 1e-9, "\(deviation), \(known)")
    }
  }

  @Test(
    "Trains up and down stay between the bounds and move on average as they point",
    arguments: PulsedDeviceRegistry.devices.map(\.name))
  func conformance(_ name: String) throws {
    let device = try PulsedDeviceRegistry.device(name)
    var array = Self.array(device, 2000)
    let start = device.bounds.lowerBound < 0 ? Float(0) : device.bounds.upperBound / 2
    array.set([Float](repeating: start, count: 2000))
    let one = [Int32](repeating: 1, count: 2000)
    let pulses = min(Int(device.stateCount), 300)
    var means = [Moments(array.weights).mean]
    for direction in [Int32(1), -1] {
      for _ in 0..<pulses { array.pulse(one.map { $0 * direction }) }
      means.append(Moments(array.weights).mean)
    }
    #expect(means[1] > means[0] && means[2] < means[1])
    #expect(array.weights.allSatisfy { $0.isFinite })
    let room = 6 * device.writeNoise * device.step
    for index in array.weights.indices {
      let weight = array.weights[index]
      #expect(weight >= array.lower[index] - room && weight <= array.upper[index] + room)
    }
    #expect(array.pulses.allSatisfy { $0 == Int32(2 * pulses) })
    #expect(try PulsedDevice(yaml: device.yaml(), file: "device.yaml") == device)
  }

  @Test("The bits depend neither on threads nor on a stop in between")
  func reproducible() throws {
    let before = Threads.count
    defer { Threads.count = before }
    let device = try PulsedDeviceRegistry.device("reram-array-om")
    let d = (0..<90).map { sin(Float($0)) }
    let x = (0..<100).map { cos(Float($0)) }
    let trains = StochasticUpdate(step: device.step)
    var results: [PulsedArray] = []
    for threads in [1, 2, 3] {
      Threads.count = threads
      var array = PulsedArray(device, outputs: 90, inputs: 100, chip: Self.chip)
      for _ in 0..<5 { array.update(d, x, rate: 0.3, trains) }
      let saved = try JSONEncoder().encode(array)
      var resumed = try JSONDecoder().decode(PulsedArray.self, from: saved)
      for _ in 0..<5 {
        array.update(d, x, rate: 0.3, trains)
        resumed.update(d, x, rate: 0.3, trains)
      }
      #expect(array == resumed)
      results.append(array)
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }

  @Test(
    "Wrong devices are refused with their place",
    arguments: [
      ("{name: a, step: 0}", "step"), ("{name: a, lower: 1}", "lower"),
      ("{name: a, model: softbounds}", "soft-bounds"), ("{name: a, model: {power: -1}}", "power"),
      ("{name: a, cycleToCycle: -1}", "cycleToCycle"), ("{step: 0.1}", "name"),
      ("{name: a, stepDistribution: uniform}", "log-normal"),
    ])
  func refused(_ text: String, _ mentions: String) {
    let error = #expect(throws: KirchhoffError.self) {
      try PulsedDevice(yaml: text, file: "device.yaml")
    }
    #expect(error?.description.contains(mentions) ?? false, "\(String(describing: error))")
    let unknown = #expect(throws: KirchhoffError.self) { try PulsedDeviceRegistry.device("ecran") }
    #expect(unknown?.hint == "did you mean \"ecram\"?")
  }
}
