import Foundation
import Runtime
import Tensor

/// Programs the devices of one block of an array: rows and columns that share drivers and converters.
struct Programmer {
  let cell: Cell
  let rows: Int
  let columns: Int

  private var hardware: CrossbarHardware { cell.hardware }

  /// Devices of which one has each place of a block, after programming.
  private struct Devices {
    /// What they add to a weight: 1 or −1.
    var sign: Float
    /// Mean of a read.
    var siemens: [Float]
    /// Standard deviation of a read.
    var deviations: [Float]
    /// What they lack in their low state.
    var telegraph: [Float]?
    /// Writes of each.
    var writes: [Int32]
  }

  /// - Parameter chip: The draws of this block's devices, plane and side apart.
  func program(_ plane: EncodedPlane, chip: RandomStream) throws -> ProgrammedPlane {
    let now = try sides(plane, chip: chip, seconds: hardware.seconds)
    let mean = mean(now, plane)
    var factors = [Float](repeating: plane.significance, count: columns)
    if hardware.compensation != .none, hardware.seconds > 0 {
      let fresh = self.mean(try sides(plane, chip: chip, seconds: 0), plane)
      let gains = gains(mean, fresh)
      for column in 0..<columns { factors[column] *= gains[column] }
    }
    let units = plane.unitsPerSiemens
    var adc = hardware.periphery.adc
    if let bound = outputBound { adc.bound = bound }
    return ProgrammedPlane(
      rows: 0..<rows, mean: PackedMatrix(tensor(mean)),
      variance: variance(now, units).map { ReadVariance(tensor($0)) },
      deviations: deviations(now, units), factors: factors,
      writes: now.reduce(0) { $0 + $1.writes.reduce(0) { $0 + Int($1) } },
      adc: adc, curves: ConverterCurves(adc, columns: columns, chip.derived("adc")),
      drop: closedForm(mean, units), learned: learned(now, units))
  }

  /// The arrays of both signs behind the lines of a surrogate.
  private func learned(_ sides: [Devices], _ units: Float) -> [LearnedLines.ProgrammedArray]? {
    cell.learned.map { lines in
      sides.map { side in
        lines.array(
          side.siemens, rows: rows, columns: columns, largest: cell.range.upperBound,
          units: side.sign * units)
      }
    }
  }

  private func closedForm(_ mean: [Float], _ units: Float) -> ClosedFormLines? {
    let lines = hardware.lines
    guard lines.method == .closedForm, lines.bitLineOhms > 0 else { return nil }
    return ClosedFormLines(tensor(mean), segment: Float(lines.bitLineOhms) / units)
  }

  /// The bound that follows from the size of the array; nil where it is given or calibrated.
  private var outputBound: Float? {
    let periphery = hardware.periphery
    let largest = Float(min(rows, periphery.parallelRows ?? rows))
    switch periphery.outputRange {
    case .given, .percentile: return nil
    case .rows: return largest
    case .granular:
      guard let product = hardware.smallestProduct, let bits = periphery.adc.bits else {
        return largest
      }
      // As many smallest products as there are codes.
      return product * Float((1 << (bits - 1)) - 1)
    }
  }

  private func tensor(_ values: [Float]) -> Tensor { Tensor(values, shape: [rows, columns]) }

  private func sides(
    _ plane: EncodedPlane, chip: RandomStream, seconds: Float
  ) throws -> [Devices] {
    var sides = [try devices(plane.positive, 1, chip.derived("+"), seconds)]
    if let negative = plane.negative {
      sides.append(try devices(negative, -1, chip.derived("-"), seconds))
    }
    return sides
  }

  private func mean(_ sides: [Devices], _ plane: EncodedPlane) -> [Float] {
    let units = plane.unitsPerSiemens
    var mean = [Float](repeating: 0, count: rows * columns)
    for side in sides {
      for index in mean.indices { mean[index] += side.sign * side.siemens[index] * units }
    }
    if plane.offset != 0 {
      for index in mean.indices { mean[index] -= plane.offset * units }
    }
    return mean
  }

  /// Of Gaussian reads.
  private func variance(_ sides: [Devices], _ units: Float) -> [Float]? {
    guard hardware.readNoise != .none, hardware.physics.readDistribution == .normal else {
      return nil
    }
    var variance = [Float](repeating: 0, count: rows * columns)
    if let deviation = hardware.readDeviation {
      variance = [Float](repeating: deviation * deviation, count: variance.count)
    } else {
      for side in sides {
        for index in variance.indices {
          let deviation = side.deviations[index] * units
          variance[index] += deviation * deviation
        }
      }
    }
    return variance.allSatisfy { $0 == 0 } ? nil : variance
  }

  /// Of all other reads.
  private func deviations(_ sides: [Devices], _ units: Float) -> ReadDeviations? {
    guard hardware.readNoise != .none, hardware.physics.readsAreLiteral else { return nil }
    let isLogNormal = hardware.physics.readDistribution == .logNormal
    return ReadDeviations(
      sides: sides.map { side in
        ReadDeviations.Side(
          sign: side.sign * units, siemens: side.siemens,
          deviations: isLogNormal ? side.deviations : nil, telegraph: side.telegraph)
      }, columns: columns, noise: hardware.physics.telegraph)
  }

  /// Devices after programming and a time: lines folded in.
  private func devices(
    _ targets: [Float], _ sign: Float, _ chip: RandomStream, _ seconds: Float
  ) throws -> Devices {
    var result = Devices(
      sign: sign, siemens: targets, deviations: targets, telegraph: nil,
      writes: [Int32](repeating: 1, count: targets.count))
    let draws = DeviceDraws.drawn(0..<targets.count, chip)
    let streams = Cell.Streams(chip)
    let faults = chip.derived("stuck")
    for index in targets.indices {
      let programmed = cell.program(targets[index], UInt64(index), draws[index], streams)
      result.writes[index] = programmed.trials
      let initial = cell.conductance(programmed, seconds: 0)
      let now = seconds == 0 ? initial : cell.conductance(programmed, seconds: seconds)
      result.siemens[index] = now
      result.deviations[index] = cell.readDeviation(
        programmed, initial: initial, now: now, seconds: seconds)
    }
    disturb(&result)
    stick(&result, faults)
    if let noise = hardware.physics.telegraph {
      let toggles = chip.derived("telegraph")
      result.telegraph = targets.indices.map { index in
        toggles.uniform(at: UInt64(index)) < noise.share
          ? noise.amplitude * result.siemens[index] : 0
      }
    }
    try fold(&result)
    return result
  }

  /// Writing the rows one by one has moved the devices that were written before.
  private func disturb(_ devices: inout Devices) {
    guard let disturb = hardware.physics.disturb else { return }
    let end = disturb.end == .on ? cell.range.upperBound : cell.range.lowerBound
    let counts = HalfSelectDisturb.disturbances(devices.writes, rows: rows, columns: columns)
    for (index, count) in counts.enumerated() {
      let left = pow(1 - disturb.share, Float(count))
      devices.siemens[index] = end + (devices.siemens[index] - end) * left
    }
  }

  private func stick(_ devices: inout Devices, _ faults: RandomStream) {
    let shares = hardware.stuck
    guard shares.off + shares.on > 0 else { return }
    for index in devices.siemens.indices {
      let luck = faults.uniform(at: UInt64(index))
      let isOff = luck < shares.off
      guard isOff || luck >= 1 - shares.on else { continue }
      devices.siemens[index] = isOff ? cell.range.lowerBound : cell.range.upperBound
      devices.deviations[index] = 0
      // No trial passes.
      if let verify = hardware.physics.verify { devices.writes[index] = Int32(verify.trials) }
    }
  }

  private func fold(_ devices: inout Devices) throws {
    let lines = hardware.lines
    guard !lines.isNone, lines.method == .exact || lines.method == .fixedPoint else { return }
    let plain = devices.siemens.map(Double.init)
    let effective =
      lines.method == .exact
      ? try EffectiveConductance(of: plain, rows: rows, columns: columns, lines: lines).siemens
      : try FixedPointLines().effectiveConductance(
        of: plain, rows: rows, columns: columns, lines: lines)
    for index in devices.siemens.indices {
      let siemens = Float(effective[index])
      if devices.siemens[index] > 0 {
        // To first order the lines weaken a device's noise as they weaken its signal.
        let share = min(siemens / devices.siemens[index], 1)
        devices.deviations[index] *= share
        devices.telegraph?[index] *= share
      }
      devices.siemens[index] = siemens
    }
  }

  /// What converted outputs of a drifted array are multiplied with, by what one-hot reads of the fresh
  /// and of the drifted array give: noise and steps of the converter grow with the signal.
  private func gains(_ drifted: [Float], _ fresh: [Float]) -> [Float] {
    var before = [Float](repeating: 0, count: columns)
    var now = before
    for index in fresh.indices {
      before[index % columns] += abs(fresh[index])
      now[index % columns] += abs(drifted[index])
    }
    if hardware.compensation == .global {
      before = [Float](repeating: before.reduce(0, +), count: columns)
      now = [Float](repeating: now.reduce(0, +), count: columns)
    }
    return zip(before, now).map { $1 > 0 ? $0 / $1 : 1 }
  }
}
