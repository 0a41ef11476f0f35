import Crossbar
import Runtime
import Tensor
import Testing

@Suite("Inputs sent bit by bit")
struct BitSerialTests {
  private static let (inputs, outputs, vectors) = (70, 9, 11)

  private func codes(_ count: Int, _ range: ClosedRange<Int>, _ name: String) -> [Int] {
    let stream = RandomStream(seed: 4).derived(name)
    let width = Float(range.upperBound - range.lowerBound + 1)
    return (0..<UInt64(count)).map {
      range.lowerBound + min(Int(stream.uniform(at: $0) * width), range.count - 1)
    }
  }

  /// Weights and inputs of whole numbers, of which the largest are there.
  private func numbers(_ weightRange: Int, _ inputRange: ClosedRange<Int>) -> (w: [Int], x: [Int]) {
    var w = codes(Self.outputs * Self.inputs, -weightRange...weightRange, "w")
    var x = codes(Self.vectors * Self.inputs, inputRange, "x")
    // Arrays of 32 rows have scales of their own: each has a largest weight and input.
    for row in stride(from: 0, to: Self.inputs, by: 32) {
      for output in 0..<Self.outputs { w[output * Self.inputs + row] = weightRange }
      for vector in 0..<Self.vectors { x[vector * Self.inputs + row] = inputRange.upperBound }
    }
    return (w, x)
  }

  private func hardware(
    _ encoding: WeightEncoding, _ coding: InputCoding.Serial, _ adc: Converter
  ) -> CrossbarHardware {
    var hardware = CrossbarHardware()
    hardware.encoding = encoding
    hardware.periphery.inputs = .serial(coding)
    hardware.periphery.adc = adc
    hardware.rows = 32
    return hardware
  }

  private func product(_ hardware: CrossbarHardware, _ w: [Int], _ x: [Int]) throws -> [Float] {
    let matrix = try CrossbarMatrix(
      Tensor(w.map(Float.init), shape: [Self.outputs, Self.inputs]), on: hardware,
      chip: RandomStream(seed: 1))
    return matrix.multiply(
      Tensor(x.map(Float.init), shape: [x.count / Self.inputs, Self.inputs]),
      reads: RandomStream(seed: 2)
    ).floats
  }

  /// Steps of one cell, and codes for all sums of 32 cells: nothing is lost.
  private static let lossless: [(WeightEncoding, InputCoding.Serial, Converter)] = [
    (
      .offsetSlices(bits: 8, cellBits: 2), .init(bits: 5),
      Converter(bits: 8, bound: 128.0 / 3, codes: .full)
    ),
    (
      .offsetSlices(bits: 8, cellBits: 2), .init(bits: 6, signs: .complement),
      Converter(bits: 7, bound: 127.0 / 3, codes: .unipolar)
    ),
    (
      .slices(bits: 7, cellBits: 2), .init(bits: 5),
      Converter(bits: 8, bound: 254.0 / 6)
    ),
    (
      .slices(bits: 7, cellBits: 1), .init(bits: 6, signs: .complement),
      Converter(bits: 7, bound: 63)
    ),
  ]

  @Test(
    "With enough codes the result is that of whole numbers",
    arguments: lossless.indices)
  func isLossless(_ index: Int) throws {
    let (encoding, coding, adc) = Self.lossless[index]
    let (w, x) = numbers(127, -31...31)
    let found = try product(hardware(encoding, coding, adc), w, x)
    for vector in 0..<Self.vectors {
      for output in 0..<Self.outputs {
        let exact = (0..<Self.inputs).reduce(0) {
          $0 + w[output * Self.inputs + $1] * x[vector * Self.inputs + $1]
        }
        // Scales are no powers of two: the sum of a few products of them is off by some roundings.
        let error = abs(Double(found[vector * Self.outputs + output]) - Double(exact))
        #expect(error < 2e-6 * 127 * 31 * 70, "\(vector), \(output)")
      }
    }
  }

  @Test(
    "A coarse converter gives what it gives each bit and slice in turn",
    arguments: [Converter.Codes.symmetric, .full, .unipolar])
  func coarse(_ codes: Converter.Codes) throws {
    let (w, x) = numbers(127, 0...31)
    // No sum of cells lies halfway between two codes of these.
    let adc = Converter(bits: 4, bound: 19, codes: codes)
    let found = try product(
      hardware(.offsetSlices(bits: 8, cellBits: 2), .init(bits: 5), adc), w, x)
    for vector in 0..<Self.vectors {
      for output in 0..<Self.outputs {
        var expected = 0.0
        for first in stride(from: 0, to: Self.inputs, by: 32) {
          let rows = first..<min(first + 32, Self.inputs)
          for slice in 0..<4 {
            for bit in 0..<5 {
              let sum = rows.reduce(0) { sum, row in
                let cell = (w[output * Self.inputs + row] + 128) >> (2 * slice) & 3
                return sum + cell * (x[vector * Self.inputs + row] >> bit & 1)
              }
              let steps = (Double(sum) / 3 / Double(adc.step)).rounded(.toNearestOrEven)
              let value = min(
                max(steps * Double(adc.step), Double(adc.low)), Double(adc.high))
              expected += 3 * value * Double(1 << (bit + 2 * slice))
            }
          }
          for row in rows { expected -= 128 * Double(x[vector * Self.inputs + row]) }
        }
        let error = abs(Double(found[vector * Self.outputs + output]) - expected)
        #expect(error < 1e-5 * 128 * 31 * 70, "\(vector), \(output)")
      }
    }
  }

  @Test("Whole numbers and floats agree where noise forbids the former")
  func floats() throws {
    let (w, x) = numbers(127, -31...31)
    var quiet = hardware(
      .slices(bits: 7, cellBits: 2), .init(bits: 5), Converter(bits: 9, bound: 254.0 / 6))
    let whole = try product(quiet, w, x)
    // So little noise that no sum comes to another code.
    quiet.periphery.outputNoise = 1e-7
    for (a, b) in zip(whole, try product(quiet, w, x)) {
      #expect(abs(a - b) < 1e-5 * 127 * 31 * 70)
    }
  }

  @Test("The bits depend neither on threads nor on how vectors are grouped")
  func reproducible() throws {
    let before = Threads.count
    defer { Threads.count = before }
    let (w, x) = numbers(127, -31...31)
    for noise in [Float(0), 0.3] {
      var hardware = hardware(
        .slices(bits: 7, cellBits: 2), .init(bits: 5), Converter(bits: 6, bound: 20))
      hardware.periphery.outputNoise = noise
      let matrix = try CrossbarMatrix(
        Tensor(w.map(Float.init), shape: [Self.outputs, Self.inputs]), on: hardware,
        chip: RandomStream(seed: 1))
      let vectors = Tensor(x.map(Float.init), shape: [Self.vectors, Self.inputs])
      var results: [[Float]] = []
      for threads in [1, 2, 3] {
        Threads.count = threads
        results.append(matrix.multiply(vectors, reads: RandomStream(seed: 2)).floats)
        results.append(
          [0..<4, 4..<Self.vectors].flatMap {
            matrix.multiply(
              vectors.prefix($0), reads: RandomStream(seed: 2), firstVector: $0.lowerBound
            ).floats
          })
      }
      for result in results { #expect(result == results[0]) }
    }
  }

  @Test(
    "Wrong settings are refused with their field",
    arguments: [
      ("periphery: {inputs: {serial: {bits: 20}}}", "bits"),
      ("periphery: {inputs: {serial: {bits: 4, signs: polarty}}}", "did you mean \"polarity\"?"),
      ("periphery: {inputs: {serial: {bits: 4}}, boundManagement: true}", "boundManagement"),
      ("periphery: {dac: {bits: 8, codes: full}}", "symmetric"),
      ("periphery: {inputs: serial}", "analog"),
      ("encoding: {offsetSlices: {bits: 8, cellBits: 9}}", "cellBits"),
      ("encoding: {slices: {bits: 8, cellBits: 2}, pairs: [1]}", "one of pairs"),
    ])
  func wrong(_ text: String, _ part: String) {
    let error = #expect(throws: KirchhoffError.self) {
      _ = try CrossbarHardware(yaml: text, file: "hardware.yaml")
    }
    #expect(error?.description.contains(part) ?? false, "\(error.map(\.description) ?? "nothing")")
  }

  @Test("Hardware is read as it is written")
  func roundTrip() throws {
    let hardware = hardware(
      .offsetSlices(bits: 8, cellBits: 2), .init(bits: 5, signs: .complement),
      Converter(bits: 6, bound: 128, codes: .unipolar))
    #expect(try CrossbarHardware(yaml: hardware.yaml(), file: "again.yaml") == hardware)
  }
}
