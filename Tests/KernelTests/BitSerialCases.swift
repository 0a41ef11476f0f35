import CKernels

extension KernelCase {
  /// Whole numbers: the same bits on every instruction set.
  static let bitSerial: [KernelCase] = [
    (rows: 1, columns: 1, cell: 1, isPair: false, bits: 5, clips: true), (5, 3, 3, true, 5, true),
    (32, 64, 3, false, 5, true), (128, 70, 3, true, 5, true), (37, 130, 15, true, 5, true),
    (9, 65, 63, false, 5, true), (131, 70, 3, true, 12, false), (300, 64, 15, false, 8, false),
  ].map { (rows: Int, columns: Int, cell: Int, isPair: Bool, bits: Int, clips: Bool) in
    KernelCase("bit-serial \(rows) × \(columns), cells up to \(cell), \(bits) bits") { arena in
      let vectors = 3
      func whole(_ count: Int, _ largest: Int) -> [Int] {
        let values = arena.input(count)
        return (0..<count).map { Int(abs(values[$0]) * 1000) % (largest + 1) }
      }
      func table() -> [UInt8] {
        var table = [UInt8](repeating: 0, count: kk_bitserial_table_size(rows, columns))
        kk_bitserial_table(&table, whole(rows * columns, cell).map { UInt8($0) }, rows, columns)
        return table
      }
      func subsets(_ part: kk_code_part) -> [UInt8] {
        var subsets = [UInt8](repeating: 0, count: vectors * bits * ((rows + 3) / 4))
        let codes = whole(vectors * rows, (1 << bits) - 1).enumerated().map {
          Float($1 * (1 - 2 * ($0 % 2)))
        }
        _ = kk_bitserial_subsets(&subsets, codes, vectors, rows, rows, UInt32(bits), part)
        return subsets
      }
      let scales = arena.input(vectors)
      let stride = columns + 3
      let y = arena.output("y", vectors, columns, stride: stride, start: .gaussian, .bits)
      let (positive, negative) = (table(), table())
      let plus = subsets(isPair ? KK_CODE_COMPLEMENT : KK_CODE_POSITIVE)
      let minus = subsets(KK_CODE_NEGATIVE)
      // A converter for all sums leaves out the kernel's clamps.
      let adc = kk_bitserial_adc(
        inverse_step: 0.7, low: clips ? -11 : -10_000, high: clips ? 13 : 10_000)
      let clipped = positive.withUnsafeBufferPointer { positive in
        negative.withUnsafeBufferPointer { negative in
          plus.withUnsafeBufferPointer { plus in
            minus.withUnsafeBufferPointer { minus in
              var array = kk_bitserial_array(
                subsets: plus.baseAddress, negative_subsets: isPair ? minus.baseAddress : nil,
                table: positive.baseAddress, negative_table: isPair ? negative.baseAddress : nil,
                rows: rows, columns: columns, bits: UInt32(bits), largest_cell: UInt32(cell),
                top_weight: isPair ? -1 : 1)
              return kk_bitserial(y, stride, &array, vectors, adc, scales, 0.3)
            }
          }
        }
      }
      arena.integerOutput("clipped", 1)[0] = Int32(clipped)
    }
  }
}
