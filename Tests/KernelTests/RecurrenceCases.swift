import CKernels

extension KernelCase {
  static let recurrence: [KernelCase] = [(1, 1), (3, 7), (2, 16), (5, 37)].map {
    (rows: Int, units: Int) in
    KernelCase("LSTM \(rows)x\(units)") { arena in
      let wide = units + 3
      let gates = arena.input(rows, 4 * units, in: -6...6)
      let before = arena.input(rows, units, stride: wide, in: -3...3)
      // Products of a few factors within 3e-7 each.
      let state = arena.output("state", rows, 2 * units, .scaled(3e-6))
      kk_lstm_forward(state, gates, before, rows, units, wide)
      let kept = arena.input(rows, 2 * units, in: -2...2)
      let dState = arena.input(rows, 2 * units)
      kk_lstm_backward(
        arena.output("gates", rows, 4 * units, .scaled(3e-6)),
        arena.output("before", rows, units, .scaled(3e-6)), dState, gates, before, kept, rows,
        units, wide)
    }
  }
}
