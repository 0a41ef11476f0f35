import Crossbar
import Foundation
import Runtime
import Tensor
import Testing

/// Sample moments of one column of numbers.
struct Moments {
  let mean: Double
  let variance: Double
  /// Of the standardised fourth power, less 3.
  let excessKurtosis: Double
  private let values: [Double]

  init(_ floats: [Float]) {
    let values = floats.map(Double.init)
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
    let fourth = values.reduce(0) { $0 + pow($1 - mean, 4) } / n
    (self.mean, self.variance, self.values) = (mean, variance, values)
    excessKurtosis = fourth / (variance * variance) - 3
  }

  /// Correlation of each number with the `lag`th after it.
  func correlation(lag: Int) -> Double {
    let pairs = zip(values, values.dropFirst(lag))
    return pairs.reduce(0) { $0 + ($1.0 - mean) * ($1.1 - mean) }
      / (variance * Double(values.count - lag))
  }

  func correlation(with other: Moments) -> Double {
    zip(values, other.values).reduce(0) { $0 + ($1.0 - mean) * ($1.1 - other.mean) }
      / ((variance * other.variance).squareRoot() * Double(values.count))
  }
}

/// Statistical gates are five standard errors wide: a sound program fails one in 1.7 million of them, by chance.
@Suite("Physics of devices on arrays")
struct PhysicsTests {
  private static let chip = RandomStream(seed: 7).derived("chip")
  private static let reads = RandomStream(seed: 7).derived("reads")

  private static var hardware: CrossbarHardware {
    var hardware = CrossbarHardware()
    hardware.encoding = .offset
    return hardware
  }

  /// Weights as single devices have them: an identity read through an `offset` array, w = 2·(g/g_max) − 1 over
  /// the largest weight 1.
  private static func programmed(
    _ weight: Float, side: Int = 300, _ hardware: CrossbarHardware, chip: RandomStream = chip
  ) throws -> [Float] {
    var w = Tensor(repeating: weight, shape: [side, side]).floats
    w[0] = 1
    let matrix = try CrossbarMatrix(
      Tensor(w, shape: [side, side]), on: hardware, chip: chip)
    // The first device holds the largest weight, which others are measured by.
    return Array(
      matrix.multiply(.identity(side), reads: reads).floats.dropFirst().map { ($0 + 1) / 2 })
  }

  /// One weight read many times: columns of numbers, one an output.
  private static func reads(
    _ weights: [Float], _ hardware: CrossbarHardware, count: Int
  ) throws -> [[Float]] {
    let outputs = weights.count
    let matrix = try CrossbarMatrix(
      Tensor(weights, shape: [outputs, 1]), on: hardware, chip: chip)
    let y = matrix.multiply(
      Tensor(repeating: 1, shape: [count, 1]), reads: reads
    ).floats
    return (0..<outputs).map { output in
      stride(from: output, to: y.count, by: outputs).map { y[$0] }
    }
  }

  @Test("Parts that are absent or ideal leave every bit as it is")
  func ideal() throws {
    var plain = CrossbarHardware(device: "pcm")
    plain.seconds = 3600
    plain.periphery = .standard
    var zero = plain
    zero.physics.verify = WriteVerify(trials: 1, tolerance: 0)
    zero.physics.variation = Variation(deviceToDevice: 0, cycleToCycle: 0)
    zero.physics.telegraph = TelegraphNoise(amplitude: 0)
    zero.physics.disturb = HalfSelectDisturb(share: 0)
    let stream = RandomStream(seed: 3)
    let w = Tensor((0..<600).map { stream.gaussian(at: $0) }, shape: [20, 30])
    let x = Tensor((0..<150).map { stream.gaussian(at: 1000 + $0) }, shape: [5, 30])
    func output(_ hardware: CrossbarHardware) throws -> [Float] {
      try CrossbarMatrix(w, on: hardware, chip: Self.chip).multiply(x, reads: Self.reads).floats
    }
    #expect(try output(zero) == output(plain))
    zero.physics.variation.deviceToDevice = 0.1
    #expect(try output(zero) != output(plain))
  }

  @Test(
    "Programming errors have the mean, variance and kurtosis of their model",
    arguments: [
      (ProgrammingError(.normal, .independent, deviation: 0.02), 0.02, 0.0),
      (ProgrammingError(.normal, .proportional, deviation: 0.04), 0.03, 0),
      (ProgrammingError(.normal, .inverse, deviation: 0.015), 0.02, 0),
      (ProgrammingError(.uniform, .independent, deviation: 0.02), 0.02, -1.2),
      (ProgrammingError(.uniform, .proportional, deviation: 0.04), 0.03, -1.2),
      (ProgrammingError(.uniform, .inverse, deviation: 0.015), 0.02, -1.2),
      (ProgrammingError(.logNormal, .proportional, deviation: 0.2), 0.15, 0.6788),
    ])
  func errors(_ error: ProgrammingError, _ deviation: Double, _ kurtosis: Double) throws {
    var hardware = Self.hardware
    hardware.physics.error = error
    // Weight 0.5 is three quarters of the largest conductance. The mean over that of the array's largest is
    // free of the error of the latter: it is stated in the weights' units, not relative to a device.
    let moments = Moments(try Self.programmed(0.5, hardware))
    let n = 300.0 * 300 - 1
    #expect(abs(moments.mean - 0.75) < 5 * deviation / n.squareRoot() + 1e-6)
    // The variance of a sample variance is (2 + excess)/n; that of an excess of 0 is 24/n, for heavier tails
    // more: eight times that covers a log-normal of this width.
    let ratio = moments.variance / (deviation * deviation)
    #expect(abs(ratio - 1) < 5 * ((2 + kurtosis) / n).squareRoot())
    let room = kurtosis > 0 ? 8.0 : 1
    #expect(abs(moments.excessKurtosis - kurtosis) < 5 * (24 * room / n).squareRoot())
    #expect(abs(moments.correlation(lag: 1)) < 5 / n.squareRoot())
  }

  @Test("Write-verify leaves a cut-off Gaussian, and counts its trials")
  func verify() throws {
    var hardware = Self.hardware
    hardware.physics.error = ProgrammingError(.normal, .independent, deviation: 0.02)
    hardware.physics.verify = WriteVerify(trials: 60, tolerance: 0.02)
    let side = 200
    let weights = Tensor(repeating: 0.5, shape: [side, side])
    let matrix = try CrossbarMatrix(weights, on: hardware, chip: Self.chip)
    // All weights are the largest, which is the largest conductance: errors above it are as likely as below.
    let found = matrix.multiply(.identity(side), reads: Self.reads).floats.map { $0 + 0.5 }
    let moments = Moments(found)
    let n = Double(side * side)
    // Within one standard deviation: variance 1 − 2φ(1)/(2Φ(1) − 1) = 0.291125 of the whole.
    #expect(found.allSatisfy { abs($0 - 1) <= 0.02 + 1e-6 })
    #expect(abs(moments.variance / (0.291125 * 0.02 * 0.02) - 1) < 5 * (2 / n).squareRoot())
    // Trials are geometric with success 0.682689.
    let (p, trials) = (0.682689, Double(matrix.writes) / n)
    #expect(abs(trials - 1 / p) < 5 * ((1 - p) / (p * p) / n).squareRoot())
    hardware.physics.verify = WriteVerify(trials: 1, tolerance: 0.02)
    let once = try CrossbarMatrix(weights, on: hardware, chip: Self.chip)
    #expect(once.writes == side * side)
  }

  @Test("A device keeps its factor, a cycle does not")
  func variation() throws {
    var hardware = Self.hardware
    hardware.physics.variation = Variation(deviceToDevice: 0.1)
    func factors(_ hardware: CrossbarHardware, _ write: Int32) throws -> Moments {
      let pairs = try DevicePairs(hardware, chip: Self.chip)
      return Moments((0..<20_000).map { pairs.programmed(0.5, at: $0, write: write).weight })
    }
    let n = 20_000.0
    let kept = try factors(hardware, 1)
    #expect(abs(kept.mean - 0.5) < 5 * 0.05 / n.squareRoot())
    #expect(abs(kept.variance / (0.05 * 0.05) - 1) < 5 * (2 / n).squareRoot())
    #expect(kept.correlation(with: try factors(hardware, 2)) > 0.9999)
    hardware.physics.variation = Variation(cycleToCycle: 0.1)
    let (one, two) = (try factors(hardware, 1), try factors(hardware, 2))
    #expect(abs(one.variance / (0.05 * 0.05) - 1) < 5 * (2 / n).squareRoot())
    #expect(abs(one.correlation(with: two)) < 5 / n.squareRoot())
    // Both at once: half the variance is shared between two programmings.
    hardware.physics.variation = Variation(deviceToDevice: 0.1, cycleToCycle: 0.1)
    let (first, second) = (try factors(hardware, 1), try factors(hardware, 2))
    #expect(abs(first.correlation(with: second) - 0.5) < 5 * 0.75 / n.squareRoot() + 0.005)
  }

  @Test("The programmed conductance of a chip varies between devices and not between reads")
  func betweenAndWithin() throws {
    var hardware = CrossbarHardware()
    hardware.columns = 1024
    hardware.physics.error = ProgrammingError(.normal, .independent, deviation: 0.05)
    hardware.physics.readPolynomial = [0.02]
    let columns = try Self.reads([Float](repeating: 0.5, count: 400) + [1], hardware, count: 300)
    let means = Moments(columns.dropLast().map { Float(Moments($0).mean) })
    let within = columns.dropLast().map { Moments($0).variance }.reduce(0, +) / 400
    // A pair of devices, each with both noises; weights are 0.5 at a pair's range 1. The device at zero is cut
    // off below: of it half a Gaussian is left, of variance (1 − 1/π)/2.
    let between = 0.05 * 0.05 * (1 + (1 - 1 / Double.pi) / 2)
    #expect(abs(within / (2 * 0.02 * 0.02) - 1) < 5 * (2.0 / (400 * 300)).squareRoot())
    #expect(
      abs((means.variance - within / 300) / between - 1) < 5 * (2.4 / 400).squareRoot())
  }

  @Test("Read noise follows its polynomial", arguments: [[0.03], [0, 0.04], [0.01, 0, 0.02]])
  func polynomial(_ coefficients: [Float]) throws {
    var hardware = Self.hardware
    hardware.physics.readPolynomial = coefficients
    let columns = try Self.reads([0.5, 1, -0.5], hardware, count: 20_000)
    for (column, ratio) in [(0, 0.75), (1, 1), (2, 0.25)] {
      let moments = Moments(columns[column])
      let terms = coefficients.enumerated().map { Double($1) * pow(ratio, Double($0)) }
      // Weight is twice the conductance over the largest.
      let expected = 2 * terms.reduce(0, +)
      #expect(abs(moments.variance / (expected * expected) - 1) < 5 * (2 / 20_000.0).squareRoot())
      #expect(abs(moments.excessKurtosis) < 5 * (24 / 20_000.0).squareRoot())
      #expect(abs(moments.correlation(lag: 1)) < 5 / 20_000.0.squareRoot())
    }
  }

  @Test("Log-normal reads have the mean, variance and kurtosis of the distribution")
  func logNormal() throws {
    var hardware = Self.hardware
    hardware.physics.readPolynomial = [0, 0.3]
    hardware.physics.readDistribution = .logNormal
    let count = 40_000
    let moments = Moments(try Self.reads([1], hardware, count: count)[0])
    let n = Double(count)
    let w = 1 + 0.3 * 0.3
    let kurtosis = pow(w, 4) + 2 * pow(w, 3) + 3 * w * w - 6
    #expect(abs(moments.mean - 1) < 5 * 0.6 / n.squareRoot())
    #expect(abs(moments.variance / 0.36 - 1) < 5 * ((2 + kurtosis) / n).squareRoot())
    // The eighth moment makes the standard error of this kurtosis about 5.3 times a Gaussian's.
    #expect(abs(moments.excessKurtosis - kurtosis) < 5 * 5.3 * (24 / n).squareRoot())
    #expect(abs(moments.correlation(lag: 1)) < 5 / n.squareRoot())
  }

  @Test("Telegraph noise has two levels, their moments, and its correlation", arguments: [0, 0.8])
  func telegraph(_ correlation: Float) throws {
    var hardware = Self.hardware
    hardware.physics.telegraph = TelegraphNoise(
      amplitude: 0.1, occupancy: 0.3, correlation: correlation)
    let count = 60_000
    let columns = try Self.reads([1, 1, 0.5], hardware, count: count)
    let moments = columns.map(Moments.init)
    let (p, r) = (0.3, Double(correlation))
    // A chain of correlation r counts as n·(1 − r)/(1 + r) independent draws.
    let n = Double(count) * (1 - r) / (1 + r)
    let variance = pow(2 * 0.1, 2) * p * (1 - p)
    let kurtosis = (1 - 6 * p * (1 - p)) / (p * (1 - p))
    #expect(Set(columns[0].map { ($0 * 1e4).rounded() }).count == 2)
    #expect(abs(moments[0].mean - 1) < 5 * (variance / n).squareRoot())
    #expect(abs(moments[0].variance / variance - 1) < 5 * ((2 + kurtosis) / n).squareRoot())
    // The kurtosis of a coin is a function of its share: its error is the share's times the slope of 10.
    #expect(abs(moments[0].excessKurtosis - kurtosis) < 5 * 10 * (p * (1 - p) / n).squareRoot())
    #expect(abs(moments[0].correlation(lag: 1) - r) < 5 / n.squareRoot())
    #expect(abs(moments[0].correlation(lag: 3) - pow(r, 3)) < 5 / n.squareRoot())
    // Devices toggle each by itself.
    #expect(abs(moments[0].correlation(with: moments[1])) < 5 / n.squareRoot())
    // A device of three quarters of the conductance loses in proportion.
    #expect(abs(moments[2].variance / (variance * 0.75 * 0.75) - 1) < 5 * (2 / n).squareRoot())
  }

  @Test("Telegraph and log-normal reads: no bit depends on threads or on how a batch is split")
  func reproducible() throws {
    let before = Threads.count
    defer { Threads.count = before }
    var hardware = CrossbarHardware(device: "reram-wan")
    hardware.periphery = .standard
    hardware.physics.telegraph = TelegraphNoise(amplitude: 0.1, correlation: 0.9)
    hardware.physics.readDistribution = .logNormal
    let stream = RandomStream(seed: 5)
    let w = Tensor((0..<200).map { stream.gaussian(at: $0) }, shape: [10, 20])
    let x = Tensor((0..<800).map { stream.gaussian(at: 500 + $0) }, shape: [40, 20])
    var results: [[Float]] = []
    for threads in [1, 2, 3] {
      Threads.count = threads
      let matrix = try CrossbarMatrix(w, on: hardware, chip: Self.chip)
      results.append(matrix.multiply(x, reads: Self.reads).floats)
      results.append(
        [0..<11, 11..<40].flatMap { range in
          matrix.multiply(
            x.prefix(range), reads: Self.reads, firstVector: range.lowerBound
          ).floats
        })
    }
    #expect(results.allSatisfy { $0 == results[0] })
  }

  @Test("A frozen read is one for good, one per call is not", arguments: [false, true])
  func frozen(_ isManaged: Bool) throws {
    var hardware = CrossbarHardware(device: "bulk-switching")
    hardware.readNoise = .frozen
    if isManaged {
      hardware.periphery.adc = Converter(bits: nil, bound: 0.5)
      hardware.periphery.boundManagement = true
    }
    let matrix = try CrossbarMatrix(
      Tensor([1, -0.5, 0.3, 0.8], shape: [2, 2]), on: hardware, chip: Self.chip)
    let x = Tensor([1, 0.5, 1, 0.5], shape: [2, 2])
    func calls(_ matrix: CrossbarMatrix) -> [[Float]] {
      [0, 2].map { matrix.multiply(x, reads: Self.reads, firstVector: $0).floats }
    }
    let kept = calls(matrix)
    // Sent again at half the size, a vector meets the same devices: all but rounding is equal.
    #expect(zip(kept[0], kept[1]).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(kept[0][0] == kept[0][2])
    hardware.readNoise = .perCall
    let drawn = calls(
      try CrossbarMatrix(
        Tensor([1, -0.5, 0.3, 0.8], shape: [2, 2]), on: hardware, chip: Self.chip))
    #expect(drawn[0] != drawn[1] && drawn[0][0] == drawn[0][2])
  }

  @Test("Retention is Arrhenius: ten degrees' worth, both laws, and the end")
  func retention() throws {
    let law = Retention(.exponential, seconds: 1e6, activationElectronvolts: 1)
    #expect(abs(law.left(after: 1e6, kelvin: 300) - exp(-1)) < 1e-6)
    // exp(1 eV/k·(1/300 − 1/310)) = 3.48213 times faster at 310 K.
    #expect(abs(log(law.left(after: 1e6, kelvin: 310)) + 3.48213) < 1e-3)
    let power = Retention(.power, seconds: 10, exponent: 0.5)
    #expect(abs(power.left(after: 30, kelvin: 300) - 0.5) < 1e-6)
    var hardware = Self.hardware
    hardware.physics.retention = Retention(.power, seconds: 10, exponent: 0.5, end: 0.2)
    hardware.seconds = 30
    let g = try Self.programmed(0.5, side: 2, hardware)
    #expect(g.allSatisfy { abs($0 - (0.2 + 0.55 / 2)) < 1e-6 })
  }

  @Test("Temperature changes conductance by its coefficient, noise as its root")
  func temperature() throws {
    var hardware = Self.hardware
    hardware.physics.temperature = Temperature(kelvin: 400, conductancePerKelvin: -0.001)
    #expect(try Self.programmed(0.5, side: 2, hardware).allSatisfy { abs($0 - 0.675) < 1e-6 })
    hardware.physics.temperature = Temperature(kelvin: 432)
    hardware.physics.readPolynomial = [0.01]
    let moments = Moments(try Self.reads([1], hardware, count: 20_000)[0])
    #expect(abs(moments.variance / (0.0004 * 1.44) - 1) < 5 * (2 / 20_000.0).squareRoot())
  }

  @Test("Writing row by row disturbs what was written before, in closed form")
  func disturb() throws {
    var hardware = Self.hardware
    hardware.physics.disturb = HalfSelectDisturb(share: 0.01)
    let w = Tensor([1, -1, -1, -1, -1, -1], shape: [3, 2])
    let y = try CrossbarMatrix(w, on: hardware, chip: Self.chip)
      .multiply(.identity(2), reads: Self.reads).floats
    // Two rows of three devices: of the first row, 2, 1, 0 come later in the row and 1 in the column.
    let later = [[3, 2, 1], [2, 1, 0]]
    for row in 0..<2 {
      for column in 0..<3 where (row, column) != (0, 0) {
        let expected = 1 - pow(0.99, Float(later[row][column]))
        #expect(abs((y[row * 3 + column] + 1) / 2 - expected) < 1e-6)
      }
    }
  }

  @Test("An on/off ratio raises the smallest conductance, and read noise with it")
  func onOffRatio() throws {
    var hardware = CrossbarHardware()
    hardware.physics.onOffRatio = 5
    hardware.physics.readPolynomial = [0, 0.05]
    let columns = try Self.reads([1, 0], hardware, count: 20_000)
    // Range 0.8 of the largest: the pair of a one has 1 and 0.2 of it, that of a zero 0.2 twice.
    let unit = 0.05 / 0.8
    let gate = 5 * (2 / 20_000.0).squareRoot()
    #expect(abs(Moments(columns[0]).variance / (unit * unit * 1.04) - 1) < gate)
    #expect(abs(Moments(columns[1]).variance / (unit * unit * 0.08) - 1) < gate)
    #expect(abs(Moments(columns[0]).mean - 1) < 5 * unit * 1.02 / 20_000.0.squareRoot())
  }

  @Test("Hardware with physics reads back from YAML")
  func yaml() throws {
    var hardware = CrossbarHardware(device: "pcm")
    hardware.physics.onOffRatio = 20
    hardware.physics.error = ProgrammingError(.uniform, .inverse, deviation: 0.1)
    hardware.physics.verify = WriteVerify(trials: 5, tolerance: 0.01)
    hardware.physics.variation = Variation(
      deviceToDevice: 0.1, cycleToCycle: 0.2, distribution: .logNormal)
    hardware.physics.readPolynomial = [0.1, 0.2]
    hardware.physics.telegraph = TelegraphNoise(amplitude: 0.1, occupancy: 0.3, share: 0.5)
    hardware.physics.retention = Retention(.power, seconds: 1e6, activationElectronvolts: 1)
    hardware.physics.temperature = Temperature(kelvin: 350)
    hardware.physics.disturb = HalfSelectDisturb(share: 0.001, end: .off)
    #expect(try CrossbarHardware(yaml: hardware.yaml(), file: "hardware.yaml") == hardware)
  }

  @Test(
    "Wrong physics is refused with its place",
    arguments: [
      ("verify: {trials: 0, tolerance: 0.1}", "physics.verify.trials"),
      ("verify: {trials: 3}", "physics.verify.tolerance"),
      ("error: {deviation: -1}", "physics.error.deviation"),
      ("error: {deviation: 1, scale: propotional}", "proportional"),
      ("telegraph: {amplitude: 2}", "physics.telegraph.amplitude"),
      ("retention: {seconds: 0}", "physics.retention.seconds"),
      ("temperature: {kelvin: 0}", "physics.temperature.kelvin"),
      ("readPolynomial: [0.1, -1]", "physics.readPolynomial"),
      ("disturb: {share: 0.1, end: up}", "physics.disturb.end"),
      ("onOffRatio: 1", "physics.onOffRatio"),
      ("telegraf: {amplitude: 0.1}", "telegraph"),
    ])
  func wrong(_ text: String, _ mentions: String) {
    let error = #expect(throws: KirchhoffError.self) {
      try CrossbarHardware(yaml: "physics: {\(text)}", file: "hardware.yaml")
    }
    let description = error?.description ?? ""
    #expect(
      description.contains("hardware.yaml") && description.contains(mentions), "\(description)")
  }

  @Test("An on/off ratio beyond the device's range is refused with the range")
  func ratioBeyondDevice() {
    let error = #expect(throws: KirchhoffError.self) {
      try CrossbarHardware(
        yaml: "{device: bulk-switching, physics: {onOffRatio: 100}}", file: "hardware.yaml")
    }
    #expect(error?.description.contains("1e-05 S to 7e-05 S") ?? false)
  }
}
