import Runtime

/// The differential pairs of one layer, programmed one by one: what training on arrays writes to.
///
/// Weights are in units of the largest that a pair can hold, so they lie in −1…1.
package struct DevicePairs: Sendable {
  /// A pair after programming.
  package struct Programmed: Sendable {
    /// What reads give on average.
    package var weight: Float
    /// The variance of a read.
    package var variance: Float
    /// Writes that it took, both devices and all trials.
    package var pulses: Int32
  }

  private let cell: Cell
  private let chip: RandomStream
  private let programming: RandomStream
  private let faults: RandomStream

  /// - Parameter chip: The draws of this layer's devices.
  package init(_ hardware: CrossbarHardware, chip: RandomStream) throws {
    cell = try Cell(hardware)
    self.chip = chip
    programming = chip.derived("programming")
    faults = chip.derived("stuck")
  }

  /// The pair of weight `index` when it is programmed for the `write`th time.
  ///
  /// - Parameter weight: What the pair is asked for, −1…1.
  package func programmed(_ weight: Float, at index: Int, write: Int32) -> Programmed {
    let (hardware, range) = (cell.hardware, cell.range)
    let width = range.upperBound - range.lowerBound
    let streams = Cell.Streams(chip, programming: programming.derived(UInt64(write)))
    var result = Programmed(weight: 0, variance: 0, pulses: 0)
    for (side, sign) in [Float(1), -1].enumerated() {
      let number = UInt64(2 * index + side)
      let target = range.lowerBound + width * min(max(sign * weight, 0), 1)
      let (siemens, deviation, pulses) = stuck(number) ?? read(target, streams, number)
      result.pulses += pulses
      result.weight += sign * siemens / width
      result.variance += (deviation / width) * (deviation / width)
    }
    if let deviation = hardware.readDeviation { result.variance = deviation * deviation }
    if hardware.readNoise == .none { result.variance = 0 }
    return result
  }

  private func read(
    _ target: Float, _ streams: Cell.Streams, _ number: UInt64
  ) -> (siemens: Float, deviation: Float, pulses: Int32) {
    let draws = DeviceDraws(
      programming: cell.hardware.programmingNoise ? streams.programming.gaussian(at: number) : 0,
      evolution: 0)
    let programmed = cell.program(target, number, draws, streams)
    let siemens = cell.conductance(programmed, seconds: 0)
    let deviation = cell.readDeviation(programmed, initial: siemens, now: siemens, seconds: 0)
    return (siemens, deviation, programmed.trials)
  }

  private func stuck(
    _ number: UInt64
  ) -> (siemens: Float, deviation: Float, pulses: Int32)? {
    let shares = cell.hardware.stuck
    // No trial passes.
    let trials = Int32(cell.hardware.physics.verify?.trials ?? 1)
    guard shares.off + shares.on > 0 else { return nil }
    let luck = faults.uniform(at: number)
    if luck < shares.off { return (cell.range.lowerBound, 0, trials) }
    if luck >= 1 - shares.on { return (cell.range.upperBound, 0, trials) }
    return nil
  }
}
