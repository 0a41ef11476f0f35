import Runtime
import Tensor

extension ArrayBlock {
  /// Vectors that are sent bit by bit, every bit converted by itself.
  func addSerial(
    _ x: Tensor, _ coding: InputCoding.Serial, to y: Tensor, _ reads: RandomStream,
    _ firstVector: Int, _ hardware: CrossbarHardware, _ statistics: ConversionStatistics?,
    _ profile: RangeProfile.Block?
  ) {
    let batch = x.shape[0]
    let pulses = SerialPulses(x, coding, largest: inputScales(batch))
    var saturated = 0
    if let integers, profile == nil {
      saturated = add(integers, pulses, to: y, batch)
    } else {
      let shared = planes.enumerated().map { index, plane in
        plane.shared(reads.derived(UInt64(index)), firstVector, hardware.readNoise)
      }
      for bit in 0..<coding.bits {
        let inputs = pulses.pulses(bit)
        for (index, plane) in planes.enumerated() {
          let stream = reads.derived(UInt64(index)).derived(UInt64(bit))
          let outputs = read(
            plane, plane.inputs(inputs), stream, shared[index], firstVector, hardware)
          profile?.add(outputs: outputs, plane: index)
          let factors = plane.factors.map { $0 * coding.weight(bit) }
          saturated += convert(
            outputs, pulses.scales, factors, plane, isProfiled: profile != nil, into: y)
        }
      }
    }
    statistics?.add(
      conversions: batch * columns.count * planes.count * coding.bits, saturated: saturated)
    if digitalOffset != 0 { subtract(pulses.totals(), from: y) }
  }

  private func add(
    _ integers: [IntegerCells], _ pulses: SerialPulses, to y: Tensor, _ batch: Int
  ) -> Int {
    let chunk = 64
    var saturated = [Int](repeating: 0, count: (batch + chunk - 1) / chunk)
    saturated.withUnsafeMutableBufferPointer { saturated in
      pulses.scales.withUnsafeBufferPointer { scales in
        nonisolated(unsafe) let (saturated, scales) = (saturated, scales)
        parallelChunks(batch, of: chunk) { range in
          let first = range.lowerBound
          let target = y.pointer + first * y.rowStride + columns.lowerBound
          saturated[first / chunk] = pulses.withSubsets(range) { subsets in
            zip(integers, planes).reduce(0) { sum, pair in
              sum
                + pair.0.add(
                  subsets, scales: scales.baseAddress! + first, to: target, stride: y.rowStride,
                  pair.1.adc)
            }
          }
        }
      }
    }
    return saturated.reduce(0, +)
  }

  func subtract(_ totals: [Float], from y: Tensor) {
    for (vector, total) in totals.enumerated() {
      let target = y.pointer + vector * y.rowStride + columns.lowerBound
      for column in 0..<columns.count { target[column] -= digitalOffset * total }
    }
  }
}
