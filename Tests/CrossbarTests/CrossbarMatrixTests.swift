import Crossbar
import Foundation
import Runtime
import Tensor
import Testing

@Suite("Matrices on arrays")
struct CrossbarMatrixTests {
  private static func gaussian(_ shape: [Int], _ name: String) -> Tensor {
    let stream = RandomStream(seed: 4).derived(name)
    let count = shape.reduce(1, *)
    return Tensor(
      (0..<UInt64(count)).map { stream.gaussian(at: $0) }, shape: Shape(shape))
  }

  private static let reads = RandomStream(seed: 1).derived("reads")
  private static let chip = RandomStream(seed: 1).derived("chip")

  private static func largestDifference(_ a: Tensor, _ b: Tensor) -> Float {
    zip(a.floats, b.floats).map { abs($0 - $1) }.max() ?? 0
  }

  private static let encodings: [WeightEncoding] = [
    .differential, .symmetric, .offset, .pairs(significance: [1, 0.25]),
    .slices(bits: 16, cellBits: 4),
  ]

  @Test("Ideal hardware is a plain product, however a weight is written", arguments: encodings)
  func ideal(_ encoding: WeightEncoding) throws {
    let (w, x) = (Self.gaussian([37, 150], "w"), Self.gaussian([9, 150], "x"))
    var hardware = CrossbarHardware()
    hardware.encoding = encoding
    (hardware.rows, hardware.columns) = (64, 24)
    let matrix = try CrossbarMatrix(w, on: hardware, chip: Self.chip)
    #expect(matrix.devices == 37 * 150 * encoding.devicesPerWeight)
    let y = matrix.multiply(x, reads: Self.reads)
    // 150 products of size 1 in single precision; sixteen bits of weight give 1e-4.
    let tolerance: Float = encoding.devicesPerWeight == 8 ? 2e-3 : 5e-5
    #expect(Self.largestDifference(y, matmul(x, w, transposeB: true)) < tolerance)
  }

  @Test("The converters' published example")
  func golden() throws {
    let w = Tensor([0.3, -0.2, 0.1, 0.4], shape: [2, 2])
    var hardware = CrossbarHardware()
    // Weights are divided by the largest, 0.4: steps and bound of the example follow.
    hardware.periphery = Periphery(
      dac: Converter(bits: 7, bound: 1), adc: Converter(bits: 9, bound: 12 / 0.4))
    let matrix = try CrossbarMatrix(w, on: hardware, chip: Self.chip)
    let y = matrix.multiply(Tensor([0.5, -0.2], shape: [1, 2]), reads: Self.reads).floats
    #expect(abs(y[0] - 0.18823529) < 1e-6 && abs(y[1] + 0.02352941) < 1e-6)
  }

  @Test("Bit slices behind wide converters are the integer product, exactly")
  func slices() throws {
    let stream = RandomStream(seed: 8)
    let w = (0..<UInt64(12 * 40)).map { Float(stream.integer(at: $0, below: 511) - 255) }
    let x = (0..<UInt64(5 * 40)).map { Float(stream.integer(at: 1000 + $0, below: 127) - 63) }
    var hardware = CrossbarHardware()
    hardware.encoding = .slices(bits: 8, cellBits: 2)
    var weights = w
    weights[0] = 255
    let matrix = try CrossbarMatrix(
      Tensor(weights, shape: [12, 40]), on: hardware, chip: Self.chip)
    let y = matrix.multiply(Tensor(x, shape: [5, 40]), reads: Self.reads).floats
    for row in 0..<5 {
      for column in 0..<12 {
        let exact = (0..<40).reduce(Float(0)) { $0 + x[row * 40 + $1] * weights[column * 40 + $1] }
        #expect(y[row * 12 + column].rounded() == exact)
      }
    }
  }

  private static var noisy: CrossbarHardware {
    var hardware = CrossbarHardware(device: "pcm")
    hardware.periphery = .standard
    hardware.seconds = 3600
    hardware.compensation = .global
    (hardware.rows, hardware.columns) = (64, 32)
    return hardware
  }

  @Test("The bits depend neither on threads nor on how a batch is split")
  func reproducible() throws {
    let before = Threads.count
    defer { Threads.count = before }
    let (w, x) = (Self.gaussian([30, 150], "w"), Self.gaussian([50, 150], "x"))
    var results: [[Float]] = []
    for threads in [1, 2, 3] {
      Threads.count = threads
      let matrix = try CrossbarMatrix(w, on: Self.noisy, chip: Self.chip)
      results.append(matrix.multiply(x, reads: Self.reads).floats)
      let parts = [0..<13, 13..<50].flatMap { range in
        matrix.multiply(
          x.prefix(range), reads: Self.reads, firstVector: range.lowerBound
        ).floats
      }
      results.append(parts)
    }
    for result in results { #expect(result == results[0]) }
  }

  /// Hardware of which no converter rounds away the last bits of a sum.
  private static var withoutSteps: [(name: String, hardware: CrossbarHardware)] {
    func hardware(_ change: (inout CrossbarHardware) -> Void) -> CrossbarHardware {
      var hardware = noisy
      hardware.periphery.adc = Periphery.ideal.adc
      hardware.periphery.boundManagement = false
      change(&hardware)
      return hardware
    }
    return [
      ("noise of every read", hardware { _ in }),
      ("exact", hardware { $0.readNoise = .none }),
      ("frozen reads", hardware { $0.readNoise = .frozen }),
      ("literal reads", hardware { $0.readNoise = .literal }),
      (
        "telegraph noise",
        hardware { $0.physics.telegraph = TelegraphNoise(amplitude: 0.1, share: 0.5) }
      ),
      ("rows in turn", hardware { $0.periphery.parallelRows = 24 }),
      (
        "lines in closed form",
        hardware {
          $0.lines = LineResistance(wordLineOhms: 0, bitLineOhms: 2)
          $0.lines.method = .closedForm
          $0.readNoise = .none
        }
      ),
      (
        "inputs bit by bit",
        hardware { $0.periphery.inputs = .serial(.init(bits: 5)) }
      ),
    ]
  }

  @Test("Without steps of a converter a vector still has the same bits in any batch")
  func everySplit() throws {
    let (w, x) = (Self.gaussian([70, 150], "w"), Self.gaussian([301, 150], "x"))
    for (name, hardware) in Self.withoutSteps {
      let matrix = try CrossbarMatrix(w, on: hardware, chip: Self.chip)
      let whole = matrix.multiply(x, reads: Self.reads).floats
      for (first, size) in [(0, 1), (7, 2), (30, 3), (100, 5), (101, 24), (50, 97), (9, 192)] {
        let part = matrix.multiply(
          x.prefix(first..<first + size), reads: Self.reads, firstVector: first)
        let expected = Array(whole[first * 70..<(first + size) * 70])
        #expect(part.floats == expected, "\(name), \(size) vectors from \(first)")
      }
    }
  }

  @Test("Another chip and another read give other numbers")
  func differs() throws {
    let (w, x) = (Self.gaussian([30, 150], "w"), Self.gaussian([4, 150], "x"))
    let one = try CrossbarMatrix(w, on: Self.noisy, chip: Self.chip)
    let two = try CrossbarMatrix(w, on: Self.noisy, chip: Self.chip.derived(1))
    let y = one.multiply(x, reads: Self.reads).floats
    #expect(y != two.multiply(x, reads: Self.reads).floats)
    #expect(y != one.multiply(x, reads: Self.reads.derived(1)).floats)
  }

  @Test(
    "One Gaussian an output is what a Gaussian a device is: mean, variance, independence",
    arguments: [nil, Float(0.05)])
  func identity(deviation: Float?) throws {
    var hardware = CrossbarHardware(device: "bulk-switching")
    hardware.programmingNoise = false
    // Where all devices deviate alike, the variance of a vector is one number.
    hardware.readDeviation = deviation
    let w = Self.gaussian([3, 24], "w")
    let x = Self.gaussian([1, 24], "x")
    let count = 20_000
    let many = Tensor((0..<count).flatMap { _ in x.floats }, shape: [count, 24])
    var moments: [[Double]] = []
    for kind in [ReadNoise.perRead, .literal] {
      hardware.readNoise = kind
      let matrix = try CrossbarMatrix(w, on: hardware, chip: Self.chip)
      let y = matrix.multiply(many, reads: Self.reads).floats.map(Double.init)
      var means = [0.0, 0, 0]
      for (index, value) in y.enumerated() { means[index % 3] += value / Double(count) }
      var variances = [0.0, 0, 0]
      var covariance = 0.0
      for row in 0..<count {
        let d = (0..<3).map { y[3 * row + $0] - means[$0] }
        for column in 0..<3 { variances[column] += d[column] * d[column] / Double(count) }
        covariance += d[0] * d[1] / Double(count)
      }
      // Five standard errors of a correlation: one false alarm in a million.
      #expect(
        abs(covariance / (variances[0] * variances[1]).squareRoot())
          < 5 / Double(count).squareRoot())
      moments.append(means + variances)
    }
    for column in 0..<3 {
      // Five standard errors of the difference of two means, and of two variances.
      let deviation = moments[0][3 + column].squareRoot()
      let error = (2 / Double(count)).squareRoot()
      let shift = abs(moments[0][column] - moments[1][column])
      #expect(shift < 5 * deviation * error)
      let ratio = moments[0][3 + column] / moments[1][3 + column]
      #expect(abs(ratio - 1) < 5 * 1.5 * error)
    }
  }

  @Test("A read drawn per call is shared by its vectors")
  func perCall() throws {
    var hardware = CrossbarHardware(device: "bulk-switching")
    hardware.readNoise = .perCall
    let matrix = try CrossbarMatrix(
      Self.gaussian([3, 24], "w"), on: hardware, chip: Self.chip)
    let x = Self.gaussian([1, 24], "x").floats
    let y = matrix.multiply(Tensor(x + x, shape: [2, 24]), reads: Self.reads).floats
    #expect(y[0..<3] == y[3..<6])
    let next = matrix.multiply(Tensor(x + x, shape: [2, 24]), reads: Self.reads.derived(1)).floats
    #expect(next[0..<3] == next[3..<6] && next[0] != y[0])
  }

  @Test(
    "With one exponent for all devices, compensation undoes drift",
    arguments: [
      DriftCompensation.global, .column,
    ])
  func compensation(_ kind: DriftCompensation) throws {
    var hardware = CrossbarHardware(device: "pcm")
    hardware.programmingNoise = false
    hardware.readNoise = .none
    // Above a fifth of the range all devices have the mean exponent 0.049.
    let values = (0..<40).map { (index: Int) -> Float in
      index % 2 == 0 ? 1 - Float(index) / 80 : -1
    }
    let w = Tensor(values, shape: [4, 10])
    let fresh = try CrossbarMatrix(w, on: hardware, chip: Self.chip)
    hardware.seconds = 86_400
    hardware.compensation = kind
    let old = try CrossbarMatrix(w, on: hardware, chip: Self.chip)
    let x = Self.gaussian([5, 10], "x")
    let difference = Self.largestDifference(
      fresh.multiply(x, reads: Self.reads), old.multiply(x, reads: Self.reads))
    #expect(difference < 1e-4)
    hardware.compensation = .none
    let drifted = try CrossbarMatrix(w, on: hardware, chip: Self.chip)
    let uncompensated = Self.largestDifference(
      fresh.multiply(x, reads: Self.reads), drifted.multiply(x, reads: Self.reads))
    #expect(uncompensated > 0.1)
  }

  @Test("Compensation scales read noise up with the signal")
  func compensatedNoise() throws {
    var hardware = CrossbarHardware(device: "pcm")
    hardware.programmingNoise = false
    hardware.seconds = 31_536_000
    let n = 4000
    let w = Tensor([1, -0.8, 0.6, -1], shape: [1, 4])
    let x = Tensor(repeating: 1, shape: [n, 4])
    func deviation(_ kind: DriftCompensation) throws -> Double {
      hardware.compensation = kind
      let y = try CrossbarMatrix(w, on: hardware, chip: Self.chip)
        .multiply(x, reads: Self.reads).floats.map(Double.init)
      let mean = y.reduce(0, +) / Double(n)
      return (y.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(n)).squareRoot()
    }
    // Above a fifth of the range all exponents are 0.049; the same draws, so no sampling error.
    let gain = pow((31_536_000 + 20) / 20, 0.049)
    let ratio = try deviation(.global) / deviation(.none)
    #expect(abs(ratio / gain - 1) < 1e-3)
  }

  @Test("An array too small for a kernel or a weight is refused with its name")
  func tooSmall() {
    var hardware = CrossbarHardware()
    hardware.rows = 8
    let w = Tensor(repeating: 1, shape: [2, 18])
    let kernel = #expect(throws: KirchhoffError.self) {
      try CrossbarMatrix(w, taps: 9, on: hardware, chip: Self.chip, name: "layer")
    }
    #expect(kernel?.description.contains("layer, rows of an array: found 8") ?? false)
    hardware.columns = 1
    let pair = #expect(throws: KirchhoffError.self) {
      try CrossbarMatrix(w, on: hardware, chip: Self.chip, name: "layer")
    }
    #expect(pair?.description.contains("layer, columns of an array: found 1") ?? false)
  }

  @Test("Arrays hold whole kernels")
  func wholeKernels() throws {
    var hardware = CrossbarHardware()
    (hardware.rows, hardware.columns) = (64, 64)
    let w = Self.gaussian([12, 100], "w")
    // Two of four channels of 25 taps fit into 64 rows.
    let matrix = try CrossbarMatrix(w, taps: 25, on: hardware, chip: Self.chip)
    #expect(matrix.arrays == 2)
    #expect(try CrossbarMatrix(w, on: hardware, chip: Self.chip).arrays == 2)
    hardware.rows = 49
    #expect(try CrossbarMatrix(w, taps: 25, on: hardware, chip: Self.chip).arrays == 4)
    #expect(try CrossbarMatrix(w, on: hardware, chip: Self.chip).arrays == 3)
  }

  @Test("Stuck devices are as many as asked for")
  func stuck() throws {
    var hardware = CrossbarHardware()
    hardware.stuck = StuckDevices(off: 0.1, on: 0.05)
    hardware.encoding = .offset
    let n = 300
    let w = Tensor(repeating: 0.5, shape: [n, n])
    let matrix = try CrossbarMatrix(w, on: hardware, chip: Self.chip)
    let found = matrix.multiply(.identity(n), reads: Self.reads).floats
    // Weight 0.5 is the largest, so full conductance: stuck on shows no difference, off is −0.5.
    let off = Double(found.count { $0 < 0 }) / Double(n * n)
    #expect(abs(off - 0.1) < 5 * (0.1 * 0.9 / Double(n * n)).squareRoot())
    #expect(found.allSatisfy { abs(abs($0) - 0.5) < 1e-6 })
  }

  @Test("Vectors that saturate are sent again, smaller")
  func boundManagement() throws {
    var hardware = CrossbarHardware()
    hardware.periphery = Periphery(
      dac: Converter(bits: nil, bound: 1), adc: Converter(bits: nil, bound: 12))
    let w = Tensor(repeating: 1, shape: [2, 40])
    let x = Tensor(repeating: 1, shape: [3, 40])
    func output(_ statistics: ConversionStatistics) throws -> [Float] {
      try CrossbarMatrix(w, on: hardware, chip: Self.chip)
        .multiply(x, reads: Self.reads, statistics: statistics).floats
    }
    let plain = ConversionStatistics()
    #expect(try output(plain).allSatisfy { $0 == 12 })
    #expect(plain.saturatedShare == 1)
    hardware.periphery.boundManagement = true
    let managed = ConversionStatistics()
    #expect(try output(managed).allSatisfy { $0 == 40 })
    #expect(managed.saturatedShare == 0)
  }

  @Test("A weight that is no number is refused with its place")
  func refused() {
    var floats = [Float](repeating: 1, count: 12)
    floats[7] = .nan
    let error = #expect(throws: KirchhoffError.self) {
      try CrossbarMatrix(
        Tensor(floats, shape: [3, 4]), on: CrossbarHardware(), chip: Self.chip, name: "layer")
    }
    #expect(error?.description.contains("layer, weight [1, 3]") ?? false)
  }

  @Test("Hardware reads back from YAML", arguments: CrossbarHardware.presets.map(\.name))
  func yaml(_ name: String) throws {
    let hardware = try CrossbarHardware.preset(name)
    #expect(try CrossbarHardware(yaml: hardware.yaml(), file: "hardware.yaml") == hardware)
  }

  @Test(
    "Wrong hardware is refused with its place",
    arguments: [
      ("device: pmc", "pcm"), ("rows: 0", "rows"), ("periphery: {adc: {bits: 99}}", "bits"),
      ("encoding: {slices: {bits: 4, cellBits: 5}}", "cellBits"), ("stuck: {off: 2}", "stuck.off"),
      ("device: reram-wan\nseconds: 5", "characterised"), ("colums: 4", "columns"),
      ("levels: 1", "levels"),
    ])
  func wrong(_ text: String, _ mentions: String) {
    let error = #expect(throws: KirchhoffError.self) {
      try CrossbarHardware(yaml: text, file: "hardware.yaml")
    }
    let description = error?.description ?? ""
    #expect(
      description.contains("hardware.yaml") && description.contains(mentions), "\(description)")
  }
}
