import CKernels

extension KernelCase {
  /// All of these promise the same bits on every instruction set.
  static let converters: [KernelCase] = [(1, 1), (3, 7), (5, 16), (4, 37), (2, 512)].flatMap {
    (rows: Int, columns: Int) in
    [(Float(2.0 / 126), Float(1)), (0, 0.7)].map { step, bound in
      KernelCase("converters \(rows) × \(columns), step \(step)") { arena in
        let stride = columns + 3
        let x = arena.input(rows, columns, stride: stride)
        let scale = arena.output("maxima", rows, .bits)
        kk_row_maxima(scale, x, rows, columns, stride)
        kk_dac(
          arena.output("dac", rows, columns, .bits), x, scale, rows, columns, columns, stride,
          step, bound)
        let factors = arena.input(columns)
        var clipped = [0, 0]
        for accumulate in [0, 1] {
          let start: Arena.Start = accumulate == 1 ? .gaussian : .junk
          let y = arena.output("adc \(accumulate)", rows, columns, start: start, .bits)
          clipped[accumulate] = Int(
            kk_adc(
              y, x, scale, factors, rows, columns, columns, stride, step,
              accumulate == 1 ? 0 : -bound, bound, Int32(accumulate)))
        }
        let counts = arena.integerOutput("clipped", 2)
        for index in 0...1 { counts[index] = Int32(clipped[index]) }
        let deviations = arena.output("deviations", columns, .bits)
        kk_noise_deviation(deviations, x, 0.06, columns)
      }
    }
  }
}
