import CKernels
import Runtime
import Tensor

extension Context {
  /// One time step of the cells of an LSTM.
  ///
  /// kept = σ(forget)·before + σ(input)·tanh(candidate), out = σ(output)·tanh(kept) (Hochreiter & Schmidhuber,
  /// Neural Computation 9:1735, 1997, with forget gates).
  ///
  /// - Parameters:
  ///   - gates: `[batch, 4·units]`, the sums before the gates: input, forget, candidate, output.
  ///   - before: `[batch, units]`, what the cells kept one step earlier.
  /// - Returns: What the cells put out and what they keep, each `[batch, units]`.
  public func lstmCell(gates: Variable, before: Variable) -> (out: Variable, kept: Variable) {
    let (gates, before) = (materialized(gates), materialized(before))
    let (batch, units) = (before.shape.rows, before.shape.channels)
    precondition(
      gates.shape.rows == batch && gates.shape.channels == 4 * units,
      "lstmCell: gates \(gates.shape) of cells \(before.shape)")
    let sums = gates.raw.contiguous()
    let state = Tensor(uninitialized: [batch, 2 * units])
    kk_lstm_forward(
      state.pointer, sums.pointer, before.raw.pointer, batch, units, before.raw.rowStride)
    var node = -1
    if let tape, records(gates, before) {
      node = tape.record { slot in
        let gradient = slot.materialized()!.contiguous()
        let dGates = Tensor(uninitialized: [batch, 4 * units])
        let dBefore = Tensor(uninitialized: [batch, units])
        kk_lstm_backward(
          dGates.pointer, dBefore.pointer, gradient.pointer, sums.pointer, before.raw.pointer,
          state.pointer, batch, units, before.raw.rowStride)
        if gates.needsGradient {
          tape.deposit(dGates.reshaped(gates.shape), to: gates.node)
        }
        if before.needsGradient { tape.deposit(dBefore, to: before.node) }
      }
    }
    let both = Variable(raw: state, node: node)
    return (
      slice(both, channels: 0..<units), slice(both, channels: units..<2 * units)
    )
  }
}
