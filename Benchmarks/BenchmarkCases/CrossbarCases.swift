import Foundation
import Kirchhoff
import Tensor

/// Vector-matrix multiplication on noisy arrays, on the shapes of the peers' script, beside the plain
/// product of each shape.
enum CrossbarCases {
  private static let shapes = [(512, 512), (256, 128), (784, 256)]
  private static let batches = [1, 64, 256]

  static let all: [BenchmarkCase] =
    shapes.flatMap { inputs, outputs in
      batches.flatMap { batch in
        [
          plain(inputs, outputs, batch), chain(inputs, outputs, batch),
          noisy(inputs, outputs, batch, "io8", deviceNoise(0.0175)),
          noisy(inputs, outputs, batch, "pcmread8", phaseChange),
          bitSerial(inputs, outputs, batch),
        ]
      }
    } + [64, 128, 256].map(folding)

  /// 8-bit converters and output noise, as the peers' script has them.
  private static var converters: CrossbarHardware {
    var hardware = CrossbarHardware()
    hardware.periphery = Periphery(
      dac: Converter(bits: 8, bound: 1), adc: Converter(bits: 8, bound: 12), outputNoise: 0.04)
    (hardware.rows, hardware.columns) = (1024, 2048)
    return hardware
  }

  /// Every device deviates alike at every read.
  private static func deviceNoise(_ deviation: Float) -> CrossbarHardware {
    var hardware = converters
    hardware.readDeviation = deviation
    return hardware
  }

  /// Every device deviates at every read as its conductance has it.
  private static var phaseChange: CrossbarHardware {
    var hardware = converters
    hardware.device = "pcm"
    return hardware
  }

  private static func data(_ inputs: Int, _ outputs: Int, _ batch: Int) -> (w: Tensor, x: Tensor) {
    let random = RandomStream(seed: 1)
    let w = Tensor.gaussian([outputs, inputs], from: random.derived(1))
    return (w, Tensor.gaussian([batch, inputs], from: random.derived(2)))
  }

  private static func name(_ inputs: Int, _ outputs: Int, _ kind: String, _ batch: Int) -> String {
    "crossbar.fwd.\(inputs)x\(outputs).\(kind).b\(batch)"
  }

  private static func samples(
    _ inputs: Int, _ outputs: Int, _ kind: String, _ batch: Int,
    prepare: @escaping @Sendable () throws -> BenchmarkCase.Prepared
  ) -> BenchmarkCase {
    BenchmarkCase(
      name(inputs, outputs, kind, batch), unit: "samples/s", work: Double(batch),
      operations: 2 * Double(inputs * outputs * batch), prepare: prepare)
  }

  /// The product that an array would be without any of it.
  private static func plain(_ inputs: Int, _ outputs: Int, _ batch: Int) -> BenchmarkCase {
    samples(inputs, outputs, "plain", batch) {
      let (w, x) = data(inputs, outputs, batch)
      return BenchmarkCase.Prepared(
        verify: {
          let y = matmul(x, w, transposeB: true)
          let exact = (0..<inputs).reduce(0.0) { $0 + Double(x[0, $1]) * Double(w[0, $1]) }
          return BenchmarkCase.Verification(
            error: abs(Double(y[0, 0]) - exact), tolerance: 1e-5 * Double(inputs))
        }, run: { _ = matmul(x, w, transposeB: true) })
    }
  }

  /// Converters and output noise, against the same chain in double precision.
  private static func chain(_ inputs: Int, _ outputs: Int, _ batch: Int) -> BenchmarkCase {
    samples(inputs, outputs, "chain8", batch) {
      let (w, x) = data(inputs, outputs, batch)
      let hardware = converters
      let chip = RandomStream(seed: 3)
      let matrix = try CrossbarMatrix(w, on: hardware, chip: chip)
      let reads = RandomStream(seed: 4)
      return BenchmarkCase.Prepared(
        verify: {
          let y = matrix.multiply(x, reads: reads)
          let noise = reads.derived(0).derived(0)
          let scale = w.floats.map(abs).max() ?? 1
          let (dac, adc) = (hardware.periphery.dac, hardware.periphery.adc)
          var worst = 0.0
          for row in 0..<min(batch, 4) {
            let largest = (0..<inputs).map { abs(x[row, $0]) }.max() ?? 1
            for column in 0..<outputs {
              let sum = (0..<inputs).reduce(0.0) { sum, i in
                let code = (x[row, i] * (1 / largest) * (1 / dac.step)).rounded(.toNearestOrEven)
                return sum + Double(code * dac.step) * Double(w[column, i] / scale)
              }
              let z = Double(noise.gaussian(at: UInt64(row * outputs + column)))
              let current = sum + Double(hardware.periphery.outputNoise) * z
              let bound = Double(adc.bound)
              let step = Double(adc.step)
              let code = min(max((current / step).rounded(.toNearestOrEven) * step, -bound), bound)
              let found = Double(y[row, column]) / Double(largest) / Double(scale)
              worst = max(worst, abs(found - code) / step)
            }
          }
          // A sum on the edge of two codes may round to either.
          return BenchmarkCase.Verification(error: worst, tolerance: 1.001)
        }, run: { _ = matrix.multiply(x, reads: reads) })
    }
  }

  /// Noise of every device at every read, against literally that.
  private static func noisy(
    _ inputs: Int, _ outputs: Int, _ batch: Int, _ kind: String, _ hardware: CrossbarHardware
  ) -> BenchmarkCase {
    samples(inputs, outputs, kind, batch) {
      let (w, x) = data(inputs, outputs, batch)
      let chip = RandomStream(seed: 3)
      let matrix = try CrossbarMatrix(w, on: hardware, chip: chip)
      let reads = RandomStream(seed: 4)
      return BenchmarkCase.Prepared(
        verify: {
          var quiet = hardware
          (quiet.readNoise, quiet.readDeviation, quiet.periphery.outputNoise) = (.none, nil, 0)
          quiet.periphery.adc = Periphery.ideal.adc
          var literal = hardware
          literal.readNoise = .literal
          let vectors = x.prefix(0..<min(batch, 16))
          func deviation(_ hardware: CrossbarHardware) throws -> Double {
            let expected = try CrossbarMatrix(w, on: quiet, chip: chip)
              .multiply(vectors, reads: reads).floats
            let found = try CrossbarMatrix(w, on: hardware, chip: chip)
              .multiply(vectors, reads: reads).floats
            return zip(found, expected).reduce(0.0) {
              $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1)
            }.squareRoot()
          }
          let count = Double(vectors.shape[0] * outputs)
          // Two standard deviations are compared, each known to 1/√(2·count); five of those errors.
          return BenchmarkCase.Verification(
            error: abs(try deviation(hardware) / deviation(literal) - 1),
            tolerance: 5 / count.squareRoot())
        }, run: { _ = matrix.multiply(x, reads: reads) })
    }
  }

  /// Five-bit inputs sent bit by bit to 128-row arrays of four two-bit slices, every partial sum through a
  /// 6-bit converter.
  private static func bitSerial(_ inputs: Int, _ outputs: Int, _ batch: Int) -> BenchmarkCase {
    BenchmarkCase(
      "crossbar.bitserial.\(inputs)x\(outputs).in5serial.adc6.b\(batch)", unit: "samples/s",
      work: Double(batch), operations: 2 * Double(inputs * outputs * batch)
    ) {
      var hardware = CrossbarHardware()
      hardware.encoding = .offsetSlices(bits: 8, cellBits: 2)
      hardware.periphery.inputs = .serial(.init(bits: 5))
      hardware.periphery.adc = Converter(bits: 6, bound: 128, codes: .unipolar)
      (hardware.rows, hardware.columns) = (128, 2048)
      let stream = RandomStream(seed: 1)
      func codes(_ count: Int, _ name: String, _ value: (Float) -> Float) -> [Float] {
        (0..<UInt64(count)).map { value(stream.derived(name).uniform(at: $0)).rounded() }
      }
      var w = codes(outputs * inputs, "w") { 254 * $0 - 127 }
      var x = codes(batch * inputs, "x") { 31 * $0 }
      // The first row of every array has the largest weight and input, so that codes are what was drawn.
      for first in stride(from: 0, to: inputs, by: 128) {
        w[first] = 127
        for vector in 0..<batch { x[vector * inputs + first] = 31 }
      }
      let matrix = try CrossbarMatrix(
        Tensor(w, shape: [outputs, inputs]), on: hardware, chip: stream)
      let vectors = Tensor(x, shape: [batch, inputs])
      return BenchmarkCase.Prepared(
        verify: { [w, x] in
          let y = matrix.multiply(vectors.prefix(0..<1), reads: stream)
          var expected = 0.0
          for first in stride(from: 0, to: inputs, by: 128) {
            let rows = first..<min(first + 128, inputs)
            for part in 0..<20 {
              let (slice, bit) = (part / 5, part % 5)
              let sum = rows.reduce(0) { sum, row in
                sum + (Int(w[row]) + 128) >> (2 * slice) & 3 * (Int(x[row]) >> bit & 1)
              }
              let code = (Double(sum) * 63 / 384).rounded(.toNearestOrEven)
              expected += code * 384 / 63 * Double(1 << (bit + 2 * slice))
            }
            expected -= rows.reduce(0) { $0 + 128 * Double(x[$1]) }
          }
          return BenchmarkCase.Verification(
            error: abs(Double(y[0, 0]) - expected) / Double(128 * 31 * inputs), tolerance: 1e-5)
        }, run: { _ = matrix.multiply(vectors, reads: stream) })
    }
  }

  /// Line resistance of a square array folded into its effective matrix.
  private static func folding(_ n: Int) -> BenchmarkCase {
    BenchmarkCase("crossbar.fold.\(n)x\(n)", unit: "arrays/s", work: 1) {
      let stream = RandomStream(seed: 2)
      let siemens = (0..<UInt64(n * n)).map { 1e-3 * (0.1 + 0.9 * Double(stream.uniform(at: $0))) }
      let lines = LineResistance(wordLineOhms: 2, bitLineOhms: 2)
      return BenchmarkCase.Prepared(
        verify: {
          let small = 24
          let corner = (0..<small).flatMap { row in siemens[row * n..<row * n + small] }
          let volts = (0..<small).map { Double(stream.gaussian(at: UInt64($0))) }
          let found = try EffectiveConductance(
            of: corner, rows: small, columns: small, lines: lines
          ).currents(volts: volts)
          let expected = NodalEquations(of: corner, rows: small, columns: small, lines: lines)
            .solve(volts: volts).columnAmperes
          let scale = expected.map(abs).max() ?? 1
          return BenchmarkCase.Verification(
            error: (zip(found, expected).map { abs($0 - $1) }.max() ?? 1) / scale,
            tolerance: 1e-9)
        },
        run: {
          _ = try? EffectiveConductance(of: siemens, rows: n, columns: n, lines: lines)
        })
    }
  }
}
