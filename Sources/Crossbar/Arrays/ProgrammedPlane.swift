import Runtime
import Tensor

/// One plane of an array block after programming: what a vector is multiplied with, and how it is
/// blurred.
struct ProgrammedPlane {
  /// Mean of a read in units of the largest weight, `[rows, columns]`.
  var mean: Tensor
  /// Variance of a read, in the same units squared, `[rows, columns]`; nil where reads are exact.
  var variance: Tensor?
  /// What a converted output of each column counts for, drift compensated.
  var factors: [Float]
}

/// Programs the devices of one block of an array: rows and columns that share drivers and converters.
struct Programmer {
  let hardware: CrossbarHardware
  let device: any DeviceModel
  let rows: Int
  let columns: Int

  /// - Parameter chip: The draws of this block's devices, plane and side apart.
  func program(_ plane: EncodedPlane, chip: RandomStream) throws -> ProgrammedPlane {
    let now = try side(plane, chip: chip, seconds: hardware.seconds)
    var factors = [Float](repeating: plane.significance, count: columns)
    if hardware.compensation != .none, hardware.seconds > 0 {
      let gains = try gains(now.mean, side(plane, chip: chip, seconds: 0).mean)
      for column in 0..<columns { factors[column] *= gains[column] }
    }
    return ProgrammedPlane(
      mean: Tensor(now.mean, shape: [rows, columns]),
      variance: now.variance.map { Tensor($0, shape: [rows, columns]) }, factors: factors)
  }

  private func side(
    _ plane: EncodedPlane, chip: RandomStream, seconds: Float
  ) throws -> (mean: [Float], variance: [Float]?) {
    var sides = [(devices: try read(plane.positive, chip.derived("+"), seconds), sign: Float(1))]
    if let negative = plane.negative {
      sides.append((try read(negative, chip.derived("-"), seconds), -1))
    }
    var mean = [Float](repeating: 0, count: rows * columns)
    var variance = [Float](repeating: 0, count: rows * columns)
    let units = plane.unitsPerSiemens
    for (devices, sign) in sides {
      for index in mean.indices {
        mean[index] += sign * devices.siemens[index] * units
        let deviation = devices.deviations[index] * units
        variance[index] += deviation * deviation
      }
    }
    if let deviation = hardware.readDeviation {
      variance = [Float](repeating: deviation * deviation, count: variance.count)
    }
    if plane.offset != 0 {
      for index in mean.indices { mean[index] -= plane.offset * units }
    }
    let isExact = hardware.readNoise == .none || variance.allSatisfy { $0 == 0 }
    return (mean, isExact ? nil : variance)
  }

  /// What reads of devices see: conductance, lines folded in, and standard deviation.
  private func read(
    _ targets: [Float], _ chip: RandomStream, _ seconds: Float
  ) throws -> (siemens: [Float], deviations: [Float]) {
    var siemens = targets
    var deviations = targets
    let draws = DeviceDraws.drawn(0..<targets.count, chip)
    let faults = chip.derived("stuck")
    let range = device.conductanceSiemens
    for index in targets.indices {
      let target = rounded(targets[index], range)
      let draw = hardware.programmingNoise ? draws[index] : .none
      let initial = device.conductance(target: target, seconds: 0, draws: draw)
      var now =
        seconds == 0
        ? initial : device.conductance(target: target, seconds: seconds, draws: draw)
      deviations[index] = device.readDeviation(
        target: target, initial: initial, conductance: now, seconds: seconds)
      if hardware.stuck.off + hardware.stuck.on > 0 {
        let luck = faults.uniform(at: UInt64(index))
        if luck < hardware.stuck.off {
          (now, deviations[index]) = (range.lowerBound, 0)
        } else if luck >= 1 - hardware.stuck.on {
          (now, deviations[index]) = (range.upperBound, 0)
        }
      }
      siemens[index] = now
    }
    guard hardware.lines != .none else { return (siemens, deviations) }
    let effective = try EffectiveConductance(
      of: siemens.map(Double.init), rows: rows, columns: columns, lines: hardware.lines)
    for index in siemens.indices where siemens[index] > 0 {
      // To first order the lines weaken a device's noise as they weaken its signal.
      deviations[index] *= min(Float(effective.siemens[index]) / siemens[index], 1)
    }
    return (effective.siemens.map(Float.init), deviations)
  }

  private func rounded(_ target: Float, _ range: ClosedRange<Float>) -> Float {
    guard let levels = hardware.levels else { return target }
    let level = (range.upperBound - range.lowerBound) / Float(levels - 1)
    return range.lowerBound + ((target - range.lowerBound) / level).rounded() * level
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
