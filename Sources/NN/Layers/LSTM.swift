import Autodiff
import Runtime
import Tensor

/// A layer of LSTM cells: one matrix makes all four gates of the inputs and of what the cells put out before
/// (Hochreiter & Schmidhuber, Neural Computation 9:1735, 1997, with forget gates).
public struct LSTM {
  /// `[4·units, inputs + units]`: gates in the order input, forget, candidate, output.
  public let gates: Linear
  /// Cells.
  public let units: Int

  /// Declares a layer; biases begin at 0, those of forget gates are meant to be set to 1 (`forgetBias`).
  public init(_ name: String, inputs: Int, units: Int, in builder: NetworkBuilder) {
    self.units = units
    gates = builder.scoped(name) {
      Linear(
        "gates", inputs: inputs + units, outputs: 4 * units,
        deviation: 1 / Float(3 * units).squareRoot(), in: builder)
    }
  }

  /// Runs over sequences.
  ///
  /// - Parameter x: `[batch, steps, inputs]`.
  /// - Returns: What the cells put out at every step, `[batch, units]` each.
  public func callAsFunction(_ x: Variable, in context: Context) -> [Variable] {
    Self.unrolled(x, units: units, in: context) { inputs, time in
      // Noise of other hardware goes by the number of a vector: every time has numbers of its own.
      var context = context
      context.firstImage += time << 32
      return gates(inputs, in: context)
    }
  }

  /// Runs cells over sequences, their gates made by other hands.
  ///
  /// - Parameters:
  ///   - x: `[batch, steps, inputs]`.
  ///   - gates: Takes inputs beside what the cells put out before, `[batch, inputs + units]`, and the time from
  ///     0; returns the sums before the gates, `[batch, 4·units]`.
  /// - Returns: What the cells put out at every step, `[batch, units]` each.
  public static func unrolled(
    _ x: Variable, units: Int, in context: Context, gates: (Variable, Int) -> Variable
  ) -> [Variable] {
    precondition(x.shape.rank == 3, "LSTM over \(x.shape): [batch, steps, inputs] is expected")
    let (batch, steps, inputs) = (x.shape[0], x.shape[1], x.shape[2])
    let flat = context.reshape(context.materialized(x), to: [batch, steps * inputs])
    var out = Variable(constant: Tensor(shape: [batch, units]))
    var kept = out
    return (0..<steps).map { time in
      let input = context.slice(flat, channels: time * inputs..<(time + 1) * inputs)
      let sums = gates(context.concatenate([input, out]), time)
      (out, kept) = context.lstmCell(gates: sums, before: kept)
      return out
    }
  }

  /// Biases of gates that let cells keep what they have at the beginning: 1 for forget gates, else 0
  /// (Gers et al., Neural Computation 12:2451, 2000).
  public static func forgetBias(units: Int) -> [Float] {
    (0..<4 * units).map { (units..<2 * units).contains($0) ? 1 : 0 }
  }
}
