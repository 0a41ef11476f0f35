import Runtime
import Tensor

/// The converters of an array as they were built: which code each gives for a current.
struct ConverterCurves: Sendable {
  private var adc: Converter
  private let sharedBy: Int
  fileprivate let converters: [Curve]

  fileprivate enum Curve: Sendable {
    /// The ramp passes code k + 1 at the kth of these, in steps above the lowest code.
    case ramp([Float])
    /// Capacitors, the smallest first, and the comparator's offset, in steps.
    case sar([Float], offset: Float)
  }

  /// The converters of `columns` columns; nil where they have no errors.
  init?(_ adc: Converter, columns: Int, _ stream: RandomStream) {
    guard let circuit = adc.circuit, let bits = adc.bits,
      circuit.deviation > 0 || circuit.offset > 0
    else { return nil }
    self.adc = adc
    sharedBy = circuit.sharedBy
    converters = (0..<(columns + sharedBy - 1) / sharedBy).map { index in
      let draws = stream.derived(UInt64(index))
      let offset = circuit.offset * draws.derived("offset").gaussian(at: 0)
      switch circuit.kind {
      case .ramp: return .ramp(Self.ramp(adc.codeCount, circuit.deviation, offset, draws))
      case .sar:
        return .sar(
          (0..<bits).map { bit in
            let size = Float(1 << bit)
            return size + circuit.deviation * size.squareRoot() * draws.gaussian(at: UInt64(bit))
          }, offset: offset)
      }
    }
  }

  /// The same converters with another bound.
  func with(_ adc: Converter) -> ConverterCurves {
    var result = self
    result.adc = adc
    return result
  }

  /// Where each code begins: steps add up, and both ends are trimmed to their places.
  private static func ramp(
    _ codes: Int, _ deviation: Float, _ offset: Float, _ draws: RandomStream
  ) -> [Float] {
    var walk: [Float] = []
    var sum: Float = 0
    for code in 0..<codes {
      walk.append(sum)
      sum += deviation * draws.gaussian(at: UInt64(code))
    }
    var highest = -Float.infinity
    return (1..<codes).map { code in
      let trimmed = walk[code] - sum * Float(code) / Float(codes)
      // A ramp that falls back does not call a comparator back that has tripped.
      highest = max(highest, Float(code) - 0.5 + trimmed + offset)
      return highest
    }
  }

  /// Replaces currents within the converter's range by the values of their codes: `[batch, columns]`.
  func convert(_ currents: Tensor) {
    let width = currents.shape[1]
    let first = currents.pointer
    let (low, high, step) = (adc.low, adc.high, adc.step)
    parallelChunks(currents.shape[0], of: 16) { rows in
      for row in rows {
        for column in 0..<width {
          let value = first[row * width + column]
          // What is beyond stays so, to be counted as saturated.
          guard value >= low, value <= high else { continue }
          let code = converters[column / sharedBy].code((value - low) / step)
          first[row * width + column] = min(low + step * Float(code), high)
        }
      }
    }
  }
}

extension ConverterCurves.Curve {
  /// - Parameter steps: A current, in steps above the lowest code.
  fileprivate func code(_ steps: Float) -> Int {
    switch self {
    case .ramp(let begins):
      var (low, high) = (0, begins.count)
      while low < high {
        let middle = (low + high) / 2
        if begins[middle] <= steps { low = middle + 1 } else { high = middle }
      }
      return low
    case .sar(let capacitors, let offset):
      var (code, held) = (0, Float(0))
      for bit in capacitors.indices.reversed() where held + capacitors[bit] <= steps + 0.5 - offset
      {
        held += capacitors[bit]
        code |= 1 << bit
      }
      return code
    }
  }
}
