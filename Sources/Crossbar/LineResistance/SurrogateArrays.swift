import Configuration
import Foundation
import Runtime
import Tensor

/// What arrays a surrogate stands for: N × N cells I = G·V₀·sinh(V/V₀) behind resistive lines (GENIEx).
public struct SurrogateArrays: Codable, Hashable, Sendable {
  /// N.
  public var side: Int
  /// The largest conductance, siemens.
  public var onSiemens: Double
  /// The smallest, siemens.
  public var offSiemens: Double
  /// The largest voltage at a driver, volts.
  public var largestVolts: Double
  /// V₀, volts.
  public var scaleVolts: Double
  /// The lines.
  public var lines: LineResistance
  /// Conductances of a cell, evenly from off to on.
  public var states: Int
  /// Voltages of a driver, evenly from 0 to the largest.
  public var voltages: Int

  /// Nominal arrays: drivers of 500 Ω, sense amplifiers of 100 Ω, segments of 2.5 Ω, V₀ of 0.25 V.
  ///
  /// The reference gives no conductances; 100 kΩ and 600 kΩ are taken, with four states of cells and of inputs.
  public init(side: Int) {
    self.side = side
    onSiemens = 1 / 100e3
    offSiemens = 1 / 600e3
    largestVolts = 0.25
    scaleVolts = 0.25
    lines = LineResistance(
      wordLineOhms: 2.5, bitLineOhms: 2.5, driverOhms: 500, senseOhms: 100)
    states = 4
    voltages = 4
  }

  /// One array with voltages, and its currents.
  package struct Sample {
    /// Cells in 0…1 between off and on, then voltages in 0…1, `[side² + side]`.
    package var inputs: [Float]
    /// What columns of ideal cells give, amperes.
    package var ideal: [Double]
    /// What columns of linear cells behind the lines give, amperes.
    package var linear: [Double]
    /// What they give, amperes.
    package var amperes: [Double]
  }

  /// A sample: cells and voltages of random states, sparse by chance.
  ///
  /// - Throws: `KirchhoffError(.numerical)` where the network has no solution.
  func sample(_ stream: RandomStream) throws -> Sample {
    let cells = side * side
    func drawn(_ count: Int, _ states: Int, _ stream: RandomStream) -> [Float] {
      // Shares of zeros from none to most, so that light and heavy columns are both seen.
      let zeros = 0.9 * stream.derived("zeros").uniform(at: 0)
      return (0..<UInt64(count)).map { index in
        guard stream.derived("zero").uniform(at: index) >= zeros else { return 0 }
        return Float(stream.integer(at: index, below: states)) / Float(states - 1)
      }
    }
    let levels = drawn(cells, states, stream.derived("cells"))
    var inputs = drawn(side, voltages, stream.derived("voltages"))
    if inputs.allSatisfy({ $0 == 0 }) { inputs[0] = 1 }
    let siemens = levels.map { offSiemens + (onSiemens - offSiemens) * Double($0) }
    let volts = inputs.map { largestVolts * Double($0) }
    let array = try NonlinearArray(
      of: siemens, rows: side, columns: side, lines: lines, scaleVolts: scaleVolts)
    let folded = try EffectiveConductance(
      of: siemens, rows: side, columns: side, lines: lines)
    return Sample(
      inputs: levels + inputs,
      ideal: (0..<side).map { column in
        (0..<side).reduce(0) { $0 + volts[$1] * siemens[$1 * side + column] }
      },
      linear: folded.currents(volts: volts),
      amperes: try array.solve(volts: volts).columnAmperes)
  }

  /// Samples, each a function of the stream and its number.
  ///
  /// - Parameter progress: Called now and then with how many are done.
  package func samples(
    _ numbers: Range<Int>, _ stream: RandomStream, progress: (Int) throws -> Void
  ) throws -> [Sample] {
    var result: [Sample] = []
    let chunk = 512
    for first in stride(from: numbers.lowerBound, to: numbers.upperBound, by: chunk) {
      let range = first..<min(first + chunk, numbers.upperBound)
      var part = [Sample?](repeating: nil, count: range.count)
      part.withUnsafeMutableBufferPointer { part in
        nonisolated(unsafe) let part = part
        parallelFor(range.count) { index in
          part[index] = try? sample(stream.derived(UInt64(first + index)))
        }
      }
      for (index, sample) in part.enumerated() {
        // What failed in a thread fails again here, with its error.
        result.append(try sample ?? self.sample(stream.derived(UInt64(first + index))))
      }
      try progress(result.count)
    }
    return result
  }
}
