import CKernels

extension KernelCase {
  /// All of these promise the same bits on every instruction set; few columns without gaps between rows go
  /// another way.
  static let columns: [KernelCase] = [
    (1, 1, 3), (3, 7, 3), (5, 16, 3), (4, 37, 3), (9, 512, 3), (16, 1, 0), (37, 4, 0),
    (100, 12, 0), (15, 3, 0), (33, 15, 0),
  ].map { (rows: Int, columns: Int, gap: Int) in
    KernelCase("columns \(rows) × \(columns), gap \(gap)") { arena in
      let stride = columns + gap
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
