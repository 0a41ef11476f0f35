import Crossbar
import Foundation
import Runtime
import Tensor
import Testing

@Suite("Converters and ranges")
struct PeripheryTests {
  private static let reads = RandomStream(seed: 2).derived("reads")
  private static let chip = RandomStream(seed: 2).derived("chip")

  private static func gaussian(_ shape: [Int], _ name: String) -> Tensor {
    let stream = RandomStream(seed: 6).derived(name)
    return Tensor(
      (0..<UInt64(shape.reduce(1, *))).map { stream.gaussian(at: $0) }, shape: Shape(shape))
  }

  private static func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
    zip(a, b).map { abs($0 - $1) }.max() ?? 0
  }

  /// What converters give for currents from 0 to 1: an output each of `columns` columns, one a current.
  private static func transfer(
    _ adc: Converter, columns: Int, currents: Int
  ) throws -> (currents: [Float], values: [[Float]]) {
    var hardware = CrossbarHardware()
    hardware.periphery.adc = adc
    hardware.periphery.inputRange = .fixed(1)
    (hardware.rows, hardware.columns) = (1, 2 * columns)
    let matrix = try CrossbarMatrix(
      Tensor(repeating: 1, shape: [columns, 1]), on: hardware, chip: chip)
    let x = (0..<currents).map { Float($0) / Float(currents - 1) }
    let y = matrix.multiply(Tensor(x, shape: [currents, 1]), reads: reads).floats
    return (x, (0..<columns).map { c in (0..<currents).map { y[$0 * columns + c] } })
  }

  @Test("A converter without errors is the ideal one, bit for bit", arguments: [1, 8])
  func withoutErrors(_ sharedBy: Int) throws {
    let plain = Converter(bits: 6, bound: 1, codes: .unipolar)
    var built = plain
    built.circuit = ConverterCircuit(.sar, deviation: 0, sharedBy: sharedBy)
    let ideal = try Self.transfer(plain, columns: 4, currents: 1001).values
    #expect(try Self.transfer(built, columns: 4, currents: 1001).values == ideal)
  }

  @Test(
    "A small error gives the ideal codes away from the thresholds",
    arguments: [
      ConverterCircuit.Kind.ramp, .sar,
    ])
  func nearIdeal(_ kind: ConverterCircuit.Kind) throws {
    let plain = Converter(bits: 5, bound: 1, codes: .full)
    var built = plain
    built.circuit = ConverterCircuit(kind, deviation: 1e-4)
    let (currents, ideal) = try Self.transfer(plain, columns: 2, currents: 4000)
    let found = try Self.transfer(built, columns: 2, currents: 4000).values
    for (index, current) in currents.enumerated() {
      let place = (current + 1) / plain.step - 0.5
      guard abs(place - place.rounded()) > 0.01 else { continue }
      #expect(abs(found[0][index] - ideal[0][index]) < 1e-6)
    }
  }

  @Test(
    "A ramp never falls, has 2^bits codes, and its non-linearity is that of a trimmed sum of steps")
  func ramp() throws {
    let adc = Converter(
      bits: 6, bound: 1, codes: .unipolar,
      circuit: ConverterCircuit(.ramp, deviation: 0.1, sharedBy: 1))
    let columns = 600
    let (currents, values) = try Self.transfer(adc, columns: columns, currents: 6301)
    var middle: [Double] = []
    for line in values {
      #expect(zip(line, line.dropFirst()).allSatisfy { $0 <= $1 })
      #expect(Set(line).count == 64)
      let index = line.firstIndex { $0 > 31.5 * adc.step } ?? 0
      middle.append(Double(currents[index] / adc.step) - 31.5)
    }
    // Half way a bridge of 64 steps has 16 of their variances; a current is found to 1/100 of a step.
    let variance = middle.reduce(0) { $0 + $1 * $1 } / Double(columns)
    // Five standard errors: one false alarm in 1.7 million.
    #expect(abs(variance / (0.01 * 16) - 1) < 5 * (2 / Double(columns)).squareRoot())
  }

  @Test(
    "Capacitors are off by the root of their size, and columns that share a converter share that")
  func sar() throws {
    var adc = Converter(
      bits: 6, bound: 1, codes: .unipolar,
      circuit: ConverterCircuit(.sar, deviation: 0.05, sharedBy: 1))
    let columns = 600
    func half() throws -> [Double] {
      let (currents, values) = try Self.transfer(adc, columns: columns, currents: 6301)
      return values.map { line in
        let index = line.firstIndex { $0 > 31.5 * adc.step } ?? 0
        return Double(currents[index] / adc.step) - 31.5
      }
    }
    // The largest capacitor decides where code 32 begins.
    let alone = try half()
    let variance = alone.reduce(0) { $0 + $1 * $1 } / Double(columns)
    #expect(abs(variance / (0.05 * 0.05 * 32) - 1) < 5 * (2 / Double(columns)).squareRoot())
    adc.circuit?.sharedBy = 8
    let shared = try half()
    #expect((0..<columns).allSatisfy { shared[$0] == shared[$0 / 8 * 8] })
    #expect(Set(shared).count > columns / 16)
  }

  @Test(
    "A comparator's offset moves all codes alike",
    arguments: [
      ConverterCircuit.Kind.ramp, .sar,
    ])
  func offset(_ kind: ConverterCircuit.Kind) throws {
    let adc = Converter(
      bits: 6, bound: 1, codes: .unipolar,
      circuit: ConverterCircuit(kind, deviation: 0, offset: 0.3, sharedBy: 1))
    let columns = 400
    let (currents, values) = try Self.transfer(adc, columns: columns, currents: 6301)
    var squares = 0.0
    for line in values {
      let begins = [11, 50].map { code -> Double in
        let index = line.firstIndex { $0 > (Float(code) - 0.5) * adc.step } ?? 0
        return Double(currents[index] / adc.step) - Double(code) + 0.5
      }
      #expect(abs(begins[0] - begins[1]) < 0.02)
      squares += begins[0] * begins[0]
    }
    let ratio = squares / Double(columns) / 0.09
    #expect(abs(ratio - 1) < 5 * (2 / Double(columns)).squareRoot())
  }

  @Test("Rows that are read in turn are arrays of so many rows")
  func parallelRows() throws {
    let stream = RandomStream(seed: 9)
    var weights = (0..<6 * 32).map { stream.gaussian(at: $0).clampedToOne }
    var inputs = (0..<5 * 32).map { stream.gaussian(at: 1000 + $0).clampedToOne }
    // Every array has the largest weight and input, so scales are equal.
    for chunk in 0..<4 {
      weights[chunk * 8] = 1
      for vector in 0..<5 { inputs[vector * 32 + chunk * 8] = 1 }
    }
    let (w, x) = (Tensor(weights, shape: [6, 32]), Tensor(inputs, shape: [5, 32]))
    var hardware = CrossbarHardware()
    hardware.periphery.dac.bits = 7
    hardware.periphery.adc = Converter(bits: 5, bound: 4)
    hardware.rows = 8
    let small = try CrossbarMatrix(w, on: hardware, chip: Self.chip)
    hardware.rows = 32
    let whole = try CrossbarMatrix(w, on: hardware, chip: Self.chip)
    hardware.periphery.parallelRows = 8
    let inTurn = try CrossbarMatrix(w, on: hardware, chip: Self.chip)
    #expect(small.arrays == 4 && inTurn.arrays == 1)
    let expected = small.multiply(x, reads: Self.reads).floats
    #expect(
      Self.largestDifference(inTurn.multiply(x, reads: Self.reads).floats, expected) < 1e-5)
    #expect(Self.largestDifference(whole.multiply(x, reads: Self.reads).floats, expected) > 0.05)
    hardware.periphery.parallelRows = 32
    let all = try CrossbarMatrix(w, on: hardware, chip: Self.chip)
    #expect(
      all.multiply(x, reads: Self.reads).floats == whole.multiply(x, reads: Self.reads).floats)
  }

  @Test("Rows read in turn, bit by bit and with noise on devices, still add up")
  func parallelSerial() throws {
    var hardware = CrossbarHardware()
    hardware.encoding = .slices(bits: 8, cellBits: 2)
    hardware.periphery.inputs = .serial(.init(bits: 8))
    let (w, x) = (Self.gaussian([7, 50], "w"), Self.gaussian([4, 50], "x"))
    let whole = try CrossbarMatrix(w, on: hardware, chip: Self.chip)
    hardware.periphery.parallelRows = 16
    let inTurn = try CrossbarMatrix(w, on: hardware, chip: Self.chip)
    // Only the order of sums in single precision differs.
    #expect(
      Self.largestDifference(
        inTurn.multiply(x, reads: Self.reads).floats, whole.multiply(x, reads: Self.reads).floats)
        < 1e-4)
  }

  @Test("A calibrated range of inputs is their percentile, and larger inputs are cut off")
  func calibratedInputs() throws {
    var hardware = CrossbarHardware()
    hardware.periphery.inputRange = .percentile(90)
    hardware.columns = 2
    var matrix = try CrossbarMatrix(
      Tensor([1], shape: [1, 1]), on: hardware, chip: Self.chip)
    let x = Tensor((1...1000).map { Float($0) / 100 }, shape: [1000, 1])
    let profile = matrix.makeProfile()
    let seen = matrix.multiply(x, reads: Self.reads, profile: profile)
    #expect(Self.largestDifference(seen.floats, x.floats) < 1e-5)
    matrix.calibrateInputs(profile)
    let largest = matrix.multiply(x, reads: Self.reads).floats.max() ?? 0
    // Sizes are told apart to 1/64.
    #expect(largest >= 9 && largest <= 9 * (1 + 1.0 / 64))
    #expect(matrix.multiply(Tensor([0.5], shape: [1, 1]), reads: Self.reads).floats == [0.5])
  }

  @Test("Calibrated bounds are percentiles of currents; those of slices differ by powers of two")
  func calibratedOutputs() throws {
    var hardware = CrossbarHardware()
    hardware.periphery.adc = Converter(bits: 8, bound: 1)
    hardware.periphery.outputRange = .percentile(99.9)
    let (w, x) = (Self.gaussian([20, 200], "w"), Self.gaussian([300, 200], "x"))
    let exact = matmul(x, w, transposeB: true).floats
    func error(_ hardware: CrossbarHardware) throws -> (error: Double, saturated: Double) {
      var matrix = try CrossbarMatrix(w, on: hardware, chip: Self.chip)
      let profile = matrix.makeProfile()
      _ = matrix.multiply(x, reads: Self.reads, profile: profile)
      matrix.calibrateOutputs(profile)
      let statistics = ConversionStatistics()
      let y = matrix.multiply(x, reads: Self.reads, statistics: statistics).floats
      let square = zip(y, exact).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
      let size = exact.reduce(0.0) { $0 + Double($1 * $1) }
      return ((square / size).squareRoot(), statistics.saturatedShare)
    }
    let calibrated = try error(hardware)
    #expect(calibrated.saturated < 0.001 && calibrated.saturated > 0)
    hardware.periphery.outputRange = .rows
    // The sum of 200 rows is 30 times what is ever seen: five of eight bits are lost.
    #expect(try error(hardware).error > 8 * calibrated.error)
    hardware.periphery.outputRange = .percentile(100)
    hardware.encoding = .slices(bits: 8, cellBits: 2)
    hardware.periphery.adc.bits = 12
    #expect(try error(hardware).error < 0.01)
  }

  @Test("A granular range makes a step of the converter the smallest product: nothing is lost")
  func granular() throws {
    let stream = RandomStream(seed: 8)
    var weights = (0..<UInt64(12 * 40)).map { Float(stream.integer(at: $0, below: 511) - 255) }
    let inputs = (0..<UInt64(5 * 40)).map {
      Float(stream.integer(at: 1000 + $0, below: 127) - 63)
    }
    weights[0] = 255
    var hardware = CrossbarHardware()
    hardware.encoding = .slices(bits: 8, cellBits: 2)
    hardware.periphery.inputs = .serial(.init(bits: 6))
    hardware.periphery.outputRange = .granular
    func products(_ bits: Int) throws -> [Float] {
      hardware.periphery.adc.bits = bits
      let matrix = try CrossbarMatrix(
        Tensor(weights, shape: [12, 40]), on: hardware, chip: Self.chip)
      var x = inputs
      for vector in 0..<5 { x[vector * 40] = 63 }
      return matrix.multiply(Tensor(x, shape: [5, 40]), reads: Self.reads).floats
    }
    var x = inputs
    for vector in 0..<5 { x[vector * 40] = 63 }
    let exact = (0..<5).flatMap { row in
      (0..<12).map { column in
        (0..<40).reduce(Float(0)) { $0 + x[row * 40 + $1] * weights[column * 40 + $1] }
      }
    }
    // 40 cells of 3 at most: ±120 are the codes of 8 bits.
    #expect(try products(8).map { $0.rounded() } == exact)
    #expect(try products(5).map { $0.rounded() } != exact)
  }

  @Test("Hardware with circuits and ranges reads back from YAML")
  func yaml() throws {
    var hardware = CrossbarHardware()
    hardware.periphery.adc = Converter(
      bits: 8, bound: 3, circuit: ConverterCircuit(.sar, deviation: 0.1, offset: 0.2, sharedBy: 4))
    hardware.periphery.parallelRows = 32
    for (input, output) in [
      (InputRange.fixed(2), OutputRange.rows), (.percentile(99), .percentile(99.5)),
      (.vector, .given),
    ] {
      (hardware.periphery.inputRange, hardware.periphery.outputRange) = (input, output)
      #expect(try CrossbarHardware(yaml: hardware.yaml(), file: "hardware.yaml") == hardware)
    }
  }

  @Test(
    "Wrong settings are refused with their place",
    arguments: [
      ("adc: {bits: 8, circuit: {kind: flash, deviation: 0}}", "ramp, sar"),
      ("adc: {bits: 8, circuit: {kind: ramp}}", "adc.circuit.deviation"),
      ("adc: {circuit: {kind: ramp, deviation: 0.1}}", "adc.bits"),
      ("dac: {bits: 8, circuit: {kind: ramp, deviation: 0.1}}", "periphery.dac"),
      ("inputRange: {percentile: 101}", "inputRange.percentile"),
      ("outputRange: granular", "levels or slices"),
      ("outputRange: {percent: 99}", "percentile"),
      ("parallelRows: 0", "periphery.parallelRows"),
      ("{boundManagement: true, outputRange: rows}", "boundManagement"),
    ])
  func refused(_ text: String, _ mentions: String) {
    let body = text.hasPrefix("{") ? text : "{\(text)}"
    let error = #expect(throws: KirchhoffError.self) {
      try CrossbarHardware(yaml: "periphery: \(body)", file: "hardware.yaml")
    }
    let description = error?.description ?? ""
    #expect(
      description.contains("hardware.yaml") && description.contains(mentions), "\(description)")
  }
}

extension Float {
  fileprivate var clampedToOne: Float { Swift.min(Swift.max(self / 2, -1), 1) }
}
