import CKernels

extension KernelCase {
  /// All of these promise the same bits on every instruction set.
  static let columns: [KernelCase] = [(1, 1), (3, 7), (5, 16), (4, 37), (9, 512)].map {
    (rows: Int, columns: Int) in
    KernelCase("columns \(rows) × \(columns)") { arena in
      let stride = columns + 3
      let x = arena.input(rows, columns, stride: stride)
      let (scale, start) = (arena.input(columns), arena.input(columns))
      let fresh = arena.output("scaled", rows, columns, .bits)
      kk_scale_columns(fresh, x, scale, start, rows, columns, columns, stride)
      let added = arena.output("added", rows, columns, start: .gaussian, .bits)
      kk_scale_columns(added, x, scale, nil, rows, columns, columns, stride)
      let dots = arena.output("dots", 1, columns, start: .gaussian, .bits)
      kk_column_dots(dots, x, fresh, rows, columns, stride, columns)
    }
  }
}
