import Foundation
import Runtime

/// What a population of devices looks like some time after all were asked for one conductance.
public struct DeviceStatistics: Codable, Hashable, Sendable {
  /// Mean over devices, siemens.
  public var meanSiemens: Double
  /// Standard deviation over devices, siemens.
  public var deviationSiemens: Double
  /// Root mean square over devices of the standard deviation of a read, siemens.
  public var readDeviationSiemens: Double
}

extension DeviceModel {
  /// The statistics of the model, by quadrature over the draws of a device.
  ///
  /// Both Gaussians are cut off at 8 standard deviations, beyond which lies 1e-15 of them.
  ///
  /// - Parameters:
  ///   - target: What devices are asked for, siemens.
  ///   - seconds: Time since programming.
  ///   - programmingNoise: Whether programming errs.
  public func expectedStatistics(
    target: Float, seconds: Float, programmingNoise: Bool = true
  ) -> DeviceStatistics {
    let steps = 800
    let draws = (0...steps).map { Float($0) * 16 / Float(steps) - 8 }
    var sums = Sums()
    for programming in programmingNoise ? draws : [0] {
      for evolution in draws {
        let density = exp(-0.5 * Double(programming * programming + evolution * evolution))
        sums.add(
          sample(target, seconds, DeviceDraws(programming: programming, evolution: evolution)),
          weight: density)
      }
    }
    return sums.statistics
  }

  /// The statistics of devices that were drawn.
  ///
  /// - Parameters:
  ///   - count: Devices.
  ///   - stream: Where their draws come from; the same devices at every time.
  public func measuredStatistics(
    target: Float, seconds: Float, count: Int, stream: RandomStream
  ) -> DeviceStatistics {
    let chunk = 1 << 14
    var partial = [Sums](repeating: Sums(), count: (count + chunk - 1) / chunk)
    partial.withUnsafeMutableBufferPointer { partial in
      nonisolated(unsafe) let partial = partial
      parallelChunks(count, of: chunk) { range in
        var sums = Sums()
        for draws in DeviceDraws.drawn(range, stream) {
          sums.add(sample(target, seconds, draws), weight: 1)
        }
        partial[range.lowerBound / chunk] = sums
      }
    }
    return partial.reduce(into: Sums()) { $0.add($1) }.statistics
  }

  private func sample(
    _ target: Float, _ seconds: Float, _ draws: DeviceDraws
  ) -> (conductance: Double, read: Double) {
    let initial = conductance(target: target, seconds: 0, draws: draws)
    let now = seconds == 0 ? initial : conductance(target: target, seconds: seconds, draws: draws)
    let read = readDeviation(
      target: target, initial: initial, conductance: now, seconds: seconds)
    return (Double(now), Double(read))
  }

  /// - Throws: `KirchhoffError` for a conductance that the device cannot be asked for.
  public func checkTarget(_ siemens: Float, place: String) throws {
    guard conductanceSiemens.contains(siemens) else {
      throw KirchhoffError(
        .config, subject: "device \(name)", place: place, found: "\(siemens) S",
        expected: "\(conductanceSiemens.lowerBound) to \(conductanceSiemens.upperBound) S")
    }
  }

  /// The last time at or before another at which the device was characterised; any time is where it has a law of
  /// time.
  public func knownSeconds(at seconds: Float) -> Float {
    guard let known = characterisedSeconds, seconds > 0 else { return seconds }
    return known.last { $0 <= seconds } ?? known[0]
  }

  /// - Throws: `KirchhoffError` for a time at which nothing is known of the device.
  public func checkTime(_ seconds: Float, place: String) throws {
    let known = characterisedSeconds
    guard seconds >= 0, seconds.isFinite, known == nil || seconds == 0 || known!.contains(seconds)
    else {
      throw KirchhoffError(
        .config, subject: "device \(name)", place: place, found: "\(seconds) s",
        expected: known.map { "one of " + $0.map { "\($0) s" }.joined(separator: ", ") }
          ?? "0 s or more")
    }
  }
}

extension DeviceDraws {
  /// The draws of the devices of a range of indices: a function of stream and index.
  static func drawn(_ range: Range<Int>, _ stream: RandomStream) -> [DeviceDraws] {
    var programming = [Float](repeating: 0, count: range.count)
    var evolution = programming
    stream.derived("programming").fillGaussian(
      &programming, count: range.count, from: range.lowerBound)
    stream.derived("evolution").fillGaussian(
      &evolution, count: range.count, from: range.lowerBound)
    return zip(programming, evolution).map { DeviceDraws(programming: $0, evolution: $1) }
  }
}

/// Weighted sums; conductances are taken relative to the first, so that no digits cancel.
private struct Sums {
  private var origin: Double?
  private var weight = 0.0
  private var first = 0.0
  private var second = 0.0
  private var read = 0.0

  mutating func add(_ value: (conductance: Double, read: Double), weight w: Double) {
    let origin = self.origin ?? value.conductance
    self.origin = origin
    let x = value.conductance - origin
    weight += w
    first += w * x
    second += w * x * x
    read += w * value.read * value.read
  }

  mutating func add(_ other: Sums) {
    guard let origin, let theirs = other.origin else {
      if origin == nil { self = other }
      return
    }
    let shift = theirs - origin
    second += other.second + 2 * shift * other.first + shift * shift * other.weight
    first += other.first + shift * other.weight
    weight += other.weight
    read += other.read
  }

  var statistics: DeviceStatistics {
    let mean = first / weight
    return DeviceStatistics(
      meanSiemens: (origin ?? 0) + mean,
      deviationSiemens: max(second / weight - mean * mean, 0).squareRoot(),
      readDeviationSiemens: (read / weight).squareRoot())
  }
}
