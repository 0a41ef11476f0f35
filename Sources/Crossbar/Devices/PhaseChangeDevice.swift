import Foundation

/// A phase-change memory device: programming error, drift with an exponent of its own, 1/f read noise.
///
/// A time t after programming, T = t + t₀, the conductance is g·(T/t₀)^−ν with ν = |μ + s·z|, and a
/// read deviates by g(t)·Q·√ln((T + t_read)/(2·t_read)). How error, drift and noise depend on
/// gr = g/g_max is what makes one device type different from another: drift follows the target,
/// read noise the programmed value.
public struct PhaseChangeDevice: DeviceModel {
  /// What it is called.
  public let name: String
  /// What it is, and whose.
  public let summary: String
  /// What it can be asked for, siemens.
  public let conductanceSiemens: ClosedRange<Float>
  /// t₀, seconds: when the first read was made that drift is measured from.
  public let referenceSeconds: Float
  /// t_read, seconds: how long a read takes.
  public let readSeconds: Float

  /// Standard deviation of the programmed conductance over g_max, by gr.
  let programming: @Sendable (Float) -> Float
  /// Mean and standard deviation of the drift exponent, by gr.
  let drift: @Sendable (Float) -> (mean: Float, deviation: Float)
  /// Q, by gr.
  let read: @Sendable (Float) -> Float

  private var maximum: Float { conductanceSiemens.upperBound }

  /// Programmed with an error, then drifted.
  public func conductance(target: Float, seconds: Float, draws: DeviceDraws) -> Float {
    let ratio = target / maximum
    let programmed = max(target + maximum * programming(ratio) * draws.programming, 0)
    guard seconds > 0 else { return programmed }
    let exponent = drift(ratio)
    let nu = abs(exponent.mean + exponent.deviation * draws.evolution)
    return programmed * pow((seconds + referenceSeconds) / referenceSeconds, -nu)
  }

  /// 1/f noise, growing with the logarithm of time.
  public func readDeviation(
    target: Float, initial: Float, conductance: Float, seconds: Float
  ) -> Float {
    let time = seconds + referenceSeconds
    return conductance * read(initial / maximum)
      * log((time + readSeconds) / (2 * readSeconds)).squareRoot()
  }
}

extension PhaseChangeDevice {
  /// The PCM-like device of aihwkit (`noise/pcm.py`), up to 25 µS.
  public static let pcm = PhaseChangeDevice(
    name: "pcm", summary: "phase-change memory up to 25 µS (aihwkit, PCM-like)",
    conductanceSiemens: 0...25e-6, referenceSeconds: 20, readSeconds: 250e-9,
    programming: { polynomial([0.26348, 1.9650, -1.1731], at: $0) / 25 },
    drift: { ratio in
      // The reference cuts logarithms of nothing off here.
      let logarithm = log(max(ratio, 1e-7))
      return (
        (-0.0155 * logarithm + 0.0244).clamped(0.049, 0.1),
        (-0.0125 * logarithm - 0.0059).clamped(0.008, 0.045)
      )
    },
    read: { min(0.0088 / max(pow($0, 0.65), 1e-3), 0.2) })

  /// The phase-change memory of the Hermes chip, two devices a weight (aihwkit, `noise/hermes.py`).
  public static let hermes = hermes(
    "hermes", "two devices a weight", maximumMicrosiemens: 20.7, referenceSeconds: 300,
    programming: [0.16603222, 4.71806468, -8.48101252, 4.68961419],
    exponentDeviation: PiecewiseFit(
      limit: 0.3055, slope: -0.0117, offset: -0.0057, range: 0.0091...0.04,
      coefficients: [0.0073, 0.0093, -0.0118]),
    read: PiecewiseFit(
      limit: 0.16, slope: -0.0117, offset: -0.0069, range: 0.015...0.04,
      coefficients: [0.0123, 0.0211, -0.0280, 0.0069]))

  /// As ``hermes``, with one device a weight.
  public static let hermesSingle = hermes(
    "hermes-single", "one device a weight", maximumMicrosiemens: 10.35, referenceSeconds: 200,
    programming: [0.15781817, 2.32443916, -2.16310839, 0.68841818],
    exponentDeviation: PiecewiseFit(
      limit: 0.3039, slope: -0.0120, offset: -0.0023, range: 0.0124...0.04,
      coefficients: [0.0104, 0.0116, -0.0165]),
    read: PiecewiseFit(
      limit: 0.1591, slope: -0.0078, offset: 0.0038, range: 0.0179...0.04,
      coefficients: [0.0088, 0.0768, -0.1352, 0.0664]))

  private static func hermes(
    _ name: String, _ weight: String, maximumMicrosiemens: Float, referenceSeconds: Float,
    programming: [Float], exponentDeviation: PiecewiseFit, read: PiecewiseFit
  ) -> PhaseChangeDevice {
    let exponentMean = PiecewiseFit(
      limit: 0.0945, slope: -0.0387, offset: -0.0182, range: 0.0720...0.13,
      coefficients: [0.0736, -0.0126, -0.0436])
    return PhaseChangeDevice(
      name: name, summary: "phase-change memory of the Hermes chip, \(weight) (aihwkit)",
      conductanceSiemens: 0...maximumMicrosiemens * micro, referenceSeconds: referenceSeconds,
      readSeconds: 512e-9,
      programming: { polynomial(programming, at: $0) / maximumMicrosiemens },
      drift: { (exponentMean($0), exponentDeviation($0)) }, read: { read($0) })
  }
}
