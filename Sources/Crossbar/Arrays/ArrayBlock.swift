import CKernels
import Foundation
import Runtime
import Tensor

/// One array's part of a matrix.
struct ArrayBlock: @unchecked Sendable {
  /// The inputs that drive it.
  let rows: Range<Int>
  /// The outputs that it adds to.
  let columns: Range<Int>
  private(set) var planes: [ProgrammedPlane]
  /// What inputs are divided by; nil for the largest of each vector.
  private var inputScale: Float?
  /// The same in whole numbers, where the arrays are exact and inputs are sent bit by bit.
  private(set) var integers: [IntegerCells]?
  /// What of the sum of inputs is subtracted digitally.
  let digitalOffset: Float
  /// Writes of its devices.
  var writes: Int { planes.reduce(0) { $0 + $1.writes } }

  init(
    _ weights: [Float], inputs: Int, rows: Range<Int>, columns: Range<Int>,
    _ cell: Cell, chip: RandomStream
  ) throws {
    let hardware = cell.hardware
    self.rows = rows
    self.columns = columns
    var block = [Float](repeating: 0, count: rows.count * columns.count)
    for (j, column) in columns.enumerated() {
      for (i, row) in rows.enumerated() {
        block[i * columns.count + j] = weights[column * inputs + row]
      }
    }
    let largest = block.reduce(0) { max($0, abs($1)) }
    // Nothing but zeros is a sum of zero, whatever the devices do.
    guard largest > 0 else {
      (planes, integers, digitalOffset) = ([], nil, 0)
      return
    }
    if case .fixed(let range) = hardware.periphery.inputRange { inputScale = range }
    for index in block.indices { block[index] /= largest }
    let programmer = Programmer(cell: cell, rows: rows.count, columns: columns.count)
    let encoded = hardware.encoding.planes(block, in: cell.range)
    planes = try encoded.enumerated().flatMap { index, plane in
      var programmed = try programmer.program(plane, chip: chip.derived(UInt64(index)))
      for column in programmed.factors.indices { programmed.factors[column] *= largest }
      return programmed.parts(of: hardware.periphery.parallelRows)
    }
    digitalOffset = largest * hardware.encoding.digitalOffset
    integers = Self.integers(planes, hardware)
  }

  private static func integers(
    _ planes: [ProgrammedPlane], _ hardware: CrossbarHardware
  ) -> [IntegerCells]? {
    guard case .serial = hardware.periphery.inputs, hardware.periphery.outputNoise == 0,
      hardware.periphery.parallelRows == nil,
      planes.allSatisfy({ $0.curves == nil && $0.drop == nil && $0.learned == nil }),
      let largestCell = hardware.encoding.largestCell
    else { return nil }
    let cells = planes.compactMap { IntegerCells($0, largestCell: largestCell) }
    return cells.count == planes.count ? cells : nil
  }

  /// Adds the converted outputs of vectors `x` `[batch, rows]` to columns of `y`.
  func add(
    _ x: Tensor, to y: Tensor, reads: RandomStream, firstVector: Int,
    _ hardware: CrossbarHardware, _ statistics: ConversionStatistics?,
    _ profile: RangeProfile.Block?
  ) {
    let batch = x.shape[0]
    guard batch > 0, !planes.isEmpty else { return }
    profile?.add(inputs: x)
    if case .serial(let coding) = hardware.periphery.inputs {
      return addSerial(x, coding, to: y, reads, firstVector, hardware, statistics, profile)
    }
    let inputs = ConvertedInputs(x, hardware.periphery.dac, scales: inputScales(batch))
    for (index, plane) in planes.enumerated() {
      let stream = reads.derived(UInt64(index))
      let shared = plane.shared(stream, firstVector, hardware.readNoise)
      let outputs = read(
        plane, plane.inputs(inputs.values), stream, shared, firstVector, hardware)
      profile?.add(outputs: outputs, plane: index)
      var scales = inputs.scales
      if hardware.periphery.boundManagement {
        sendAgain(plane, x, outputs, &scales, stream, shared, firstVector, hardware)
      }
      let saturated = convert(
        outputs, scales, plane.factors, plane, isProfiled: profile != nil, into: y)
      statistics?.add(conversions: batch * columns.count, saturated: saturated)
    }
    if digitalOffset != 0 { subtract(inputs.totals(), from: y) }
  }

  /// Iterative bound management (aihwkit): vectors that saturate an output are sent at half, a
  /// quarter… of their size, until the factor would exceed 1000 or the input two bits of resolution.
  private func sendAgain(
    _ plane: ProgrammedPlane, _ x: Tensor, _ outputs: Tensor, _ scales: inout [Float],
    _ stream: RandomStream, _ shared: PackedMatrix?, _ firstVector: Int,
    _ hardware: CrossbarHardware
  ) {
    let (adc, dac) = (hardware.periphery.adc, hardware.periphery.dac)
    let width = columns.count
    var saturated = Array(0..<outputs.shape[0])
    var factor: Float = 1
    while true {
      saturated = saturated.filter { row in
        var largest: Float = 0
        kk_row_maxima(&largest, outputs.pointer + row * width, 1, width, width)
        return largest > adc.bound
      }
      factor *= 2
      if saturated.isEmpty || factor > 1000 || dac.step * factor > 0.25 { return }
      for row in saturated {
        scales[row] *= 2
        let smaller = ConvertedInputs(x.prefix(row..<row + 1), dac, scales: [scales[row]])
        let again = read(
          plane, plane.inputs(smaller.values), stream.derived("again").derived(UInt64(factor)),
          shared,
          firstVector + row, hardware)
        (outputs.pointer + row * width).update(from: again.pointer, count: width)
      }
    }
  }

  /// The currents of a plane, noise included, before their conversion: `[batch, columns]`.
  ///
  /// - Parameter shared: The devices as all these vectors read them, where they share a draw.
  func read(
    _ plane: ProgrammedPlane, _ x: Tensor, _ stream: RandomStream, _ shared: PackedMatrix?,
    _ firstVector: Int, _ hardware: CrossbarHardware
  ) -> Tensor {
    let devices = stream.derived("devices")
    let currents: Tensor
    var variance: ReadVariance.OfOutputs?
    switch hardware.readNoise {
    case .none, .perCall, .frozen:
      currents = shared?.multiplied(by: x) ?? plane.currents(x)
    case .literal:
      currents = plane.literal(x, devices, firstVector)
    case .perRead:
      currents = plane.currents(x)
      variance = plane.variance?.ofOutputs(x)
      plane.deviations?.add(to: currents, x, devices, firstVector)
    }
    plane.drop?.subtract(from: currents, x)
    return blurred(
      currents, variance: variance, hardware.periphery.outputNoise, stream, firstVector)
  }

  /// Adds one Gaussian an output.
  private func blurred(
    _ currents: Tensor, variance: ReadVariance.OfOutputs?, _ noise: Float,
    _ stream: RandomStream, _ firstVector: Int
  ) -> Tensor {
    let width = columns.count
    if variance == nil && noise == 0 { return currents }
    parallelChunks(currents.shape[0], of: 16) { range in
      let values = currents.pointer + range.lowerBound * width
      let count = range.count * width
      let begin = UInt64((firstVector + range.lowerBound) * width)
      switch variance {
      case nil:
        kk_random_add_gaussian(values, values, noise, stream.seed, stream.stream, begin, count)
      case .each(let variance):
        let deviations = variance.pointer + range.lowerBound * width
        kk_noise_deviation(deviations, deviations, noise, count)
        kk_random_add_gaussian_each(
          values, values, deviations, stream.seed, stream.stream, begin, count)
      case .vectors(let variances):
        for (row, vector) in range.enumerated() {
          let deviation = (variances[vector] + noise * noise).squareRoot()
          let first = values + row * width
          kk_random_add_gaussian(
            first, first, deviation, stream.seed, stream.stream, begin + UInt64(row * width), width)
        }
      }
    }
    return currents
  }

  func inputScales(_ batch: Int) -> [Float]? {
    inputScale.map { [Float](repeating: $0, count: batch) }
  }

  /// Takes the range of inputs, or the bounds of converters, from what was met in calibration.
  mutating func calibrate(
    inputs: SizeHistogram?, outputs: [SizeHistogram]?, _ hardware: CrossbarHardware
  ) {
    if let inputs, case .percentile(let percent) = hardware.periphery.inputRange {
      inputScale = inputs.percentile(percent) ?? inputScale
    }
    guard let outputs, case .percentile(let percent) = hardware.periphery.outputRange else {
      return
    }
    let bounds = outputs.map { $0.percentile(percent) }
    guard let largest = bounds.compactMap({ $0 }).max() else { return }
    for (index, bound) in bounds.enumerated() {
      let ratio = largest / (bound ?? largest)
      planes[index].adc.bound = largest / exp2(log2(ratio).rounded(.down))
      planes[index].curves = planes[index].curves?.with(planes[index].adc)
    }
    integers = Self.integers(planes, hardware)
  }

  /// Converts and adds to the outputs; returns how many samples saturated.
  ///
  /// - Parameter isProfiled: Whether ranges are being looked for: then nothing is cut off or rounded.
  func convert(
    _ currents: Tensor, _ scales: [Float], _ factors: [Float], _ plane: ProgrammedPlane,
    isProfiled: Bool, into y: Tensor
  ) -> Int {
    let adc = isProfiled ? Periphery.ideal.adc : plane.adc
    if !isProfiled { plane.curves?.convert(currents) }
    let (batch, width) = (currents.shape[0], columns.count)
    let chunk = 16
    var saturated = [Int](repeating: 0, count: (batch + chunk - 1) / chunk)
    saturated.withUnsafeMutableBufferPointer { saturated in
      scales.withUnsafeBufferPointer { scales in
        nonisolated(unsafe) let (saturated, scales) = (saturated, scales)
        parallelChunks(batch, of: chunk) { range in
          let first = range.lowerBound
          saturated[first / chunk] = Int(
            kk_adc(
              y.pointer + first * y.rowStride + columns.lowerBound,
              currents.pointer + first * width, scales.baseAddress! + first, factors, range.count,
              width, y.rowStride, width, adc.step, adc.low, adc.high, 1))
        }
      }
    }
    return saturated.reduce(0, +)
  }
}
