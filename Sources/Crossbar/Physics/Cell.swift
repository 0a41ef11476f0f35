import Foundation
import Runtime

/// One device of an array: its model, with what the hardware adds to it.
struct Cell {
  let hardware: CrossbarHardware
  let device: any DeviceModel
  /// The conductances that it is asked for, siemens.
  let range: ClosedRange<Float>
  /// The surrogate of its lines; nil for lines by Kirchhoff's laws or a formula.
  let learned: LearnedLines?
  private let levelSiemens: Float?

  /// Where the numbers of a block's devices come from; each device has its own element.
  struct Streams {
    /// Decides the first trial of a programming.
    let programming: RandomStream
    /// What belongs to a device for good.
    let device: RandomStream

    /// - Parameter programming: That of one programming; the first one's where none is given.
    init(_ chip: RandomStream, programming: RandomStream? = nil) {
      self.programming = programming ?? chip.derived("programming")
      device = chip.derived("device to device")
    }

    /// Decides a trial.
    func trial(_ trial: Int) -> RandomStream {
      trial == 0 ? programming : programming.derived("trial").derived(UInt64(trial))
    }
  }

  /// What programming left a device with.
  struct Programming {
    var target: Float
    var draws: DeviceDraws
    /// Added to the conductance, siemens.
    var error: Float = 0
    /// What the conductance is multiplied with.
    var factor: Float = 1
    /// Trials that it took.
    var trials: Int32 = 1
  }

  init(_ hardware: CrossbarHardware) throws {
    try hardware.lines.check()
    self.hardware = hardware
    device = try hardware.device.model()
    range = hardware.conductances(of: device)
    let width = range.upperBound - range.lowerBound
    levelSiemens = hardware.levels.map { width / Float($0 - 1) }
    learned = try hardware.lines.surrogate.map { try LearnedLines(contentsOf: $0) }
    try learned?.check(hardware, range)
  }

  /// Programs a device.
  ///
  /// - Parameters:
  ///   - target: Siemens, in range; rounded to a level.
  ///   - number: The device's element of all streams.
  ///   - draws: Its draws in the first trial.
  func program(
    _ target: Float, _ number: UInt64, _ draws: DeviceDraws, _ streams: Streams
  ) -> Programming {
    var result = Programming(
      target: rounded(target), draws: hardware.programmingNoise ? draws : .none)
    guard hardware.programmingNoise else { return result }
    let physics = hardware.physics
    guard let verify = physics.verify else {
      attempt(0, number, streams, &result)
      return result
    }
    let tolerance = verify.tolerance * (range.upperBound - range.lowerBound)
    for trial in 0..<verify.trials {
      attempt(trial, number, streams, &result)
      result.trials = Int32(trial + 1)
      if abs(conductance(result, seconds: 0) - result.target) <= tolerance { break }
    }
    return result
  }

  private func attempt(
    _ trial: Int, _ number: UInt64, _ streams: Streams, _ result: inout Programming
  ) {
    let (physics, stream) = (hardware.physics, streams.trial(trial))
    if let error = physics.error {
      let largest = range.upperBound
      let wanted = result.target / largest
      result.draws.programming = 0
      result.error =
        largest * (error.programmed(wanted, stream.derived("error"), at: number) - wanted)
    } else if trial > 0 {
      result.draws.programming = stream.gaussian(at: number)
    }
    let variation = physics.variation
    result.factor = 1
    if variation.deviceToDevice > 0 {
      result.factor *= variation.factor(
        variation.deviceToDevice, streams.device.gaussian(at: number))
    }
    if variation.cycleToCycle > 0 {
      result.factor *= variation.factor(
        variation.cycleToCycle, stream.derived("cycle").gaussian(at: number))
    }
  }

  /// The conductance some time after programming, siemens.
  func conductance(_ programming: Programming, seconds: Float) -> Float {
    var siemens = device.conductance(
      target: programming.target, seconds: seconds, draws: programming.draws)
    if programming.error != 0 { siemens = max(siemens + programming.error, 0) }
    siemens *= programming.factor
    let physics = hardware.physics
    if let retention = physics.retention, seconds > 0 {
      let end = range.lowerBound + retention.end * (range.upperBound - range.lowerBound)
      let left = retention.left(after: seconds, kelvin: physics.temperature.kelvin)
      siemens = end + (siemens - end) * left
    }
    return siemens * physics.temperature.conductanceFactor
  }

  /// The standard deviation of a read, siemens.
  ///
  /// - Parameters:
  ///   - initial: The conductance right after programming.
  ///   - now: The conductance now.
  func readDeviation(
    _ programming: Programming, initial: Float, now: Float, seconds: Float
  ) -> Float {
    let physics = hardware.physics
    let deviation: Float
    if let coefficients = physics.readPolynomial {
      let ratio = min(now / range.upperBound, 1)
      deviation = range.upperBound * polynomial(coefficients, at: ratio)
    } else {
      deviation = device.readDeviation(
        target: programming.target, initial: initial, conductance: now, seconds: seconds)
    }
    return deviation * physics.temperature.noiseFactor
  }

  private func rounded(_ target: Float) -> Float {
    guard let levelSiemens else { return target }
    return range.lowerBound
      + ((target - range.lowerBound) / levelSiemens).rounded() * levelSiemens
  }
}
