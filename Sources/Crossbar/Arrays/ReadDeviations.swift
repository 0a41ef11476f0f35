import CKernels
import Foundation
import Runtime
import Tensor

/// Reads that deviate otherwise than by independent Gaussians: log-normal reads and devices that toggle.
///
/// A sum of them over a column has no distribution that could be drawn at once, so every device is drawn for
/// every vector. All deviations have mean 0.
struct ReadDeviations {
  /// Devices of one sign.
  struct Side {
    /// Weight over siemens, with its sign.
    var sign: Float
    /// Mean of a read, siemens.
    var siemens: [Float]
    /// Standard deviation of a log-normal read, siemens; nil where reads are Gaussian.
    var deviations: [Float]?
    /// What each lacks in its low state, siemens; nil where none toggles.
    var telegraph: [Float]?
  }

  let sides: [Side]
  let columns: Int
  let noise: TelegraphNoise?

  private var count: Int { sides[0].siemens.count }

  /// Those of some rows.
  func rows(_ rows: Range<Int>) -> ReadDeviations {
    let range = rows.lowerBound * columns..<rows.upperBound * columns
    return ReadDeviations(
      sides: sides.map { side in
        Side(
          sign: side.sign, siemens: Array(side.siemens[range]),
          deviations: side.deviations.map { Array($0[range]) },
          telegraph: side.telegraph.map { Array($0[range]) })
      }, columns: columns, noise: noise)
  }

  /// The deviation of every device at one vector, in units of the largest weight: `[rows, columns]`.
  func drawn(_ stream: RandomStream, vector: Int) -> [Float] {
    var states = TelegraphStates(self, stream)
    return drawn(stream, vector: vector, &states)
  }

  /// Adds x·D of each vector, where D are its deviations.
  ///
  /// - Parameters:
  ///   - currents: `[batch, columns]`.
  ///   - x: `[batch, rows]`.
  func add(to currents: Tensor, _ x: Tensor, _ stream: RandomStream, _ firstVector: Int) {
    let (rows, columns) = (x.shape[1], columns)
    let (from, stride, to) = (x.pointer, x.rowStride, currents.pointer)
    parallelChunks(x.shape[0], of: 8) { vectors in
      // Within a chunk the states of toggling devices go on from vector to vector.
      var states = TelegraphStates(self, stream)
      for vector in vectors {
        let deviations = drawn(stream, vector: firstVector + vector, &states)
        let target = to + vector * columns
        deviations.withUnsafeBufferPointer { deviations in
          for row in 0..<rows {
            let input = from[vector * stride + row]
            guard input != 0 else { continue }
            let source = deviations.baseAddress! + row * columns
            for column in 0..<columns { target[column] += input * source[column] }
          }
        }
      }
    }
  }

  private func drawn(
    _ stream: RandomStream, vector: Int, _ states: inout TelegraphStates
  ) -> [Float] {
    var result = [Float](repeating: 0, count: count)
    for (number, side) in sides.enumerated() {
      if let deviations = side.deviations {
        var draws = result
        stream.derived("log-normal").derived(UInt64(number)).fillGaussian(
          &draws, count: count, from: vector * count)
        for index in 0..<count where deviations[index] > 0 {
          let mean = side.siemens[index]
          let read = logNormal(mean: mean, deviation: deviations[index], draws[index])
          draws[index] = read - mean
        }
        for index in 0..<count where deviations[index] > 0 {
          result[index] += side.sign * draws[index]
        }
      }
      if let telegraph = side.telegraph, let noise {
        let low = states.low(number, vector: vector)
        for index in 0..<count {
          let state: Float = low[index] ? 1 : 0
          result[index] += side.sign * telegraph[index] * (noise.occupancy - state)
        }
      }
    }
    return result
  }
}

/// Which toggling devices are in their low state at a vector: a function of stream, device and vector alone.
///
/// A state is drawn anew with probability 1 − correlation at each vector, else kept. So the state at a vector is
/// what the last renewal drew, and looking back for it needs no vector before.
private struct TelegraphStates {
  private let sides: Int
  private let count: Int
  private let noise: TelegraphNoise
  private let renewals: RandomStream
  private let states: RandomStream
  private var known: [(vector: Int, low: [Bool])?]

  init(_ deviations: ReadDeviations, _ stream: RandomStream) {
    sides = deviations.sides.count
    count = deviations.sides[0].siemens.count
    noise = deviations.noise ?? TelegraphNoise(amplitude: 0)
    renewals = stream.derived("renewals")
    states = stream.derived("states")
    known = Array(repeating: nil, count: sides)
  }

  mutating func low(_ side: Int, vector: Int) -> [Bool] {
    let (renewals, states) = (
      renewals.derived(UInt64(side)), states.derived(UInt64(side))
    )
    var fresh = [Float](repeating: 0, count: count)
    states.fillUniform(&fresh, count: count, from: vector * count)
    var low = fresh.map { $0 < noise.occupancy }
    defer { known[side] = (vector, low) }
    guard noise.correlation > 0, vector > 0 else { return low }
    var renewed = [Float](repeating: 0, count: count)
    renewals.fillUniform(&renewed, count: count, from: vector * count)
    let before = known[side].flatMap { $0.vector == vector - 1 ? $0.low : nil }
    for device in 0..<count where renewed[device] < noise.correlation {
      low[device] = before?[device] ?? lastState(device, vector - 1, renewals, states)
    }
    return low
  }

  private func lastState(
    _ device: Int, _ vector: Int, _ renewals: RandomStream, _ states: RandomStream
  ) -> Bool {
    var vector = vector
    func element() -> UInt64 { UInt64(vector * count + device) }
    while vector > 0, renewals.uniform(at: element()) < noise.correlation { vector -= 1 }
    return states.uniform(at: element()) < noise.occupancy
  }
}
