import Runtime
import Tensor

/// aihwkit's closed form of what bit lines take from an output, vector by vector.
///
/// With n rows, a = n·Σ|w|·|x|·r·g, where r is a segment of the bit line in ohms and g the largest conductance,
/// and c = a·(a·(0.05·a − 0.2) + 0.5), an output loses c·Σ w·x·(1 − (1 − p/n)²): p counts rows from the sense
/// amplifier, so the nearest loses nothing. Word lines take nothing.
struct ClosedFormLines {
  /// |w| of the weights, `[rows, columns]`.
  private let sizes: PackedMatrix
  /// w·(1 − (1 − p/n)²), `[rows, columns]`.
  private let placed: PackedMatrix
  /// n·r·g.
  private let scale: Float

  /// - Parameters:
  ///   - weights: In units of the largest, `[rows, columns]`.
  ///   - segment: r·g, of a weight of 1.
  init(_ weights: Tensor, segment: Float) {
    let (rows, columns) = (weights.shape[0], weights.shape[1])
    let floats = weights.floats
    sizes = PackedMatrix(Tensor(floats.map { abs($0) }, shape: weights.shape))
    let placed = Tensor(
      floats.enumerated().map { index, weight in
        let distance = Float(rows - 1 - index / columns)
        let left = 1 - distance / Float(rows)
        return weight * (1 - left * left)
      }, shape: weights.shape)
    self.placed = PackedMatrix(placed)
    scale = Float(rows) * segment
  }

  /// Those of some rows, alone in use.
  func rows(_ rows: Range<Int>) -> ClosedFormLines {
    ClosedFormLines(
      sizes: sizes.matrix.prefix(rows), placed: placed.matrix.prefix(rows), scale: scale)
  }

  private init(sizes: Tensor, placed: Tensor, scale: Float) {
    self.sizes = PackedMatrix(sizes)
    self.placed = PackedMatrix(placed)
    self.scale = scale
  }

  /// Takes from outputs what the lines take.
  ///
  /// - Parameters:
  ///   - currents: `[batch, columns]`.
  ///   - x: `[batch, rows]`.
  func subtract(from currents: Tensor, _ x: Tensor) {
    let magnitudes = Tensor(x.floats.map { abs($0) }, shape: x.shape)
    let loads = sizes.multiplied(by: magnitudes)
    let losses = placed.multiplied(by: x)
    let (target, load, loss) = (currents.pointer, loads.pointer, losses.pointer)
    let scale = scale
    parallelChunks(currents.shape.count, of: 1 << 14) { range in
      for index in range {
        let a = scale * load[index]
        target[index] -= a * (a * (0.05 * a - 0.2) + 0.5) * loss[index]
      }
    }
  }
}
