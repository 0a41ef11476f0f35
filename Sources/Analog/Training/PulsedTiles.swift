import CKernels
import Crossbar
import Runtime
import Tensor

/// The pulsed arrays of a layer: an update in memory for every array of its cut.
///
/// A device weight of 1 stands for `unit` of the layer's weights. Pairs of vectors are collected in the backward
/// pass and sent when the step is over, array by array, so that the bits do not depend on threads.
struct PulsedTiles {
  private let rowCut: [Range<Int>]
  private let columnCut: [Range<Int>]
  /// The layer's weight that a device weight of 1 stands for.
  let unit: Float
  private var tiles: [any InMemoryUpdate]
  /// For each cut of the inputs: the errors, `[pairs, outputs]`, and the inputs, `[pairs, inputs]`.
  private var pairs: [[(errors: Tensor, inputs: Tensor)]]

  /// Arrays that hold `first` as near as their devices can.
  ///
  /// - Parameters:
  ///   - first: `[outputs, inputs]`.
  ///   - limit: The weight that stands for the nearer of a device's bounds.
  ///   - rate: The learning rate of the beginning.
  ///   - random: Decides the devices, their noise and choppers.
  init(
    _ rule: InMemoryRule, _ settings: InMemorySettings, first: Tensor, limit: Float, rate: Float,
    rowCut: [Range<Int>], columnCut: [Range<Int>], random: RandomStream
  ) throws {
    self.rowCut = rowCut
    self.columnCut = columnCut
    let device = try settings.device.resolved()
    let unit = limit / min(device.bounds.upperBound, -device.bounds.lowerBound)
    self.unit = unit
    let cuts = rowCut.flatMap { rows in columnCut.map { (rows, $0) } }
    tiles = try cuts.enumerated().map { number, cut in
      let weights = first.prefix(cut.1).channels(cut.0).copy().floats.map { $0 / unit }
      return try rule.update(
        settings, outputs: cut.1.count, inputs: cut.0.count, first: weights, rate: rate,
        random: random.derived("pulsed").derived(UInt64(number)))
    }
    pairs = rowCut.map { _ in [] }
  }

  /// The arrays of all tiles.
  var arrayCount: Int { tiles.reduce(0) { $0 + $1.arrays.count } }
  /// Pulses of all devices.
  var pulses: Int { tiles.reduce(0) { $0 + $1.pulses } }

  /// Pulses that each weight has had, over all arrays that hold a part of it: `[outputs, inputs]`.
  var pulsesOfWeights: [Int32] {
    var counts = [Int32](repeating: 0, count: outputs * inputs)
    for (number, tile) in tiles.enumerated() {
      let (rows, columns) = cut(number)
      for array in tile.arrays {
        for (line, output) in columns.enumerated() {
          for (place, input) in rows.enumerated() {
            counts[output * inputs + input] += array.pulses[line * rows.count + place]
          }
        }
      }
    }
    return counts
  }

  /// Writes what the layer's weights are now to a matrix `[outputs, inputs]`.
  func read(into matrix: Tensor) {
    let target = matrix.pointer
    for (number, tile) in tiles.enumerated() {
      let (rows, columns) = cut(number)
      tile.weights.withUnsafeBufferPointer { weights in
        for (line, output) in columns.enumerated() {
          kk_scale(
            target + output * inputs + rows.lowerBound, weights.baseAddress! + line * rows.count,
            rows.count, unit)
        }
      }
    }
  }

  private var outputs: Int { columnCut.last?.upperBound ?? 0 }
  private var inputs: Int { rowCut.last?.upperBound ?? 0 }

  /// The inputs and the outputs of a tile.
  private func cut(_ number: Int) -> (rows: Range<Int>, columns: Range<Int>) {
    (rowCut[number / columnCut.count], columnCut[number % columnCut.count])
  }

  /// Collects the pairs of a backward pass.
  ///
  /// - Parameters:
  ///   - errors: What outputs should change by, in units of device weights times inputs: `[pairs, outputs]`.
  ///   - inputs: What was sent to the arrays with these inputs, `[pairs, inputs]`.
  ///   - row: The cut of the inputs.
  mutating func collect(_ errors: Tensor, _ inputs: Tensor, row: Int) {
    pairs[row].append((errors, inputs.copy()))
  }

  /// Sends the pairs that wait to all arrays.
  ///
  /// - Parameter schedule: The learning rate over that of the beginning.
  mutating func update(schedule: Float) {
    let (waiting, columnCut) = (pairs, columnCut)
    tiles.withUnsafeMutableBufferPointer { tiles in
      nonisolated(unsafe) let tiles = tiles
      nonisolated(unsafe) let waiting = waiting
      parallelFor(tiles.count) { number in
        let columns = columnCut[number % columnCut.count]
        tiles[number].schedule = schedule
        for (errors, inputs) in waiting[number / columnCut.count] {
          tiles[number].update(step: errors.channels(columns).copy(), inputs)
        }
      }
    }
    pairs = rowCut.map { _ in [] }
  }
}

extension PulsedTiles {
  /// What an exact resume needs: values by name.
  var state: [(name: String, values: [Float])] {
    tiles.enumerated().flatMap { number, tile in
      let state = tile.state
      let counters = ExactCount.floats(
        [state.pairs] + state.arrays.map(\.updates))
      let arrays = state.arrays.enumerated().flatMap { place, array in
        [
          ("tile\(number).array\(place).weights", array.weights),
          ("tile\(number).array\(place).kept", array.kept),
          ("tile\(number).array\(place).pulses", array.pulses.map(Float.init)),
        ]
      }
      return arrays + [
        ("tile\(number).memory", state.memory), ("tile\(number).counters", counters),
      ]
    }
  }

  /// Restores what `state` gave.
  ///
  /// - Parameter values: The values of a name, as many as given.
  mutating func restore(_ values: (String, Int) throws -> [Float]) throws {
    for number in tiles.indices {
      let known = tiles[number].state
      let counters = ExactCount.counts(
        try values("tile\(number).counters", 2 * (known.arrays.count + 1)))
      let arrays = try known.arrays.enumerated().map { place, array in
        let prefix = "tile\(number).array\(place)"
        let count = array.weights.count
        return PulsedArray.State(
          weights: try values("\(prefix).weights", count),
          kept: try values("\(prefix).kept", count),
          pulses: try values("\(prefix).pulses", count).map { Int32($0) },
          updates: counters[place + 1])
      }
      tiles[number].state = InMemoryState(
        arrays: arrays, memory: try values("tile\(number).memory", known.memory.count),
        pairs: counters[0])
    }
  }
}
