import CKernels
import Tensor

/// A programmed plane whose cells are whole numbers and whose reads are exact: inputs that are sent bit
/// by bit are summed up in integers.
struct IntegerCells: Sendable {
  private let table: [UInt8]
  /// The cells that subtract, where there are any.
  private let negative: [UInt8]?
  private let rows: Int
  private let columns: Int
  private let largestCell: Int
  /// What a converted sum counts for.
  private let factor: Float

  /// The cells of a plane; nil where they are no whole numbers, or reads deviate.
  ///
  /// - Parameter largestCell: The cell of the largest conductance.
  init?(_ plane: ProgrammedPlane, largestCell: Int) {
    let shape = plane.mean.matrix.shape
    guard plane.variance == nil, plane.deviations == nil,
      largestCell <= Int(KK_BITSERIAL_LARGEST_CELL),
      // Sums are counted in 16 bits.
      shape[0] * largestCell < 1 << 15,
      let factor = plane.factors.first, plane.factors.allSatisfy({ $0 == factor })
    else { return nil }
    let values = plane.mean.matrix.floats.map { $0 * Float(largestCell) }
    // Conductances are exact to single precision.
    guard values.allSatisfy({ abs($0 - $0.rounded()) < 1e-4 && abs($0) < Float(largestCell) + 0.5 })
    else { return nil }
    (rows, columns, self.largestCell, self.factor) = (shape[0], shape[1], largestCell, factor)
    table = Self.table(values.map { UInt8(max($0.rounded(), 0)) }, rows, columns)
    let isPair = values.contains { $0.rounded() < 0 }
    negative =
      isPair ? Self.table(values.map { UInt8(max(-$0.rounded(), 0)) }, rows, columns) : nil
  }

  private static func table(_ cells: [UInt8], _ rows: Int, _ columns: Int) -> [UInt8] {
    var table = [UInt8](repeating: 0, count: kk_bitserial_table_size(rows, columns))
    kk_bitserial_table(&table, cells, rows, columns)
    return table
  }

  /// Adds the converted outputs of vectors to `y`; returns how many conversions saturated.
  ///
  /// - Parameter scales: What a code of 1 stands for, for each vector.
  func add(
    _ subsets: SerialPulses.Subsets, scales: UnsafePointer<Float>,
    to y: UnsafeMutablePointer<Float>, stride: Int, _ adc: Converter
  ) -> Int {
    // A converter without steps gives the sum itself.
    let step = adc.step > 0 ? adc.step : 1 / Float(largestCell)
    let converter = kk_bitserial_adc(
      inverse_step: 1 / (step * Float(largestCell)), low: (adc.low / step).rounded(),
      high: (adc.high / step).rounded())
    func run(_ table: UnsafePointer<UInt8>?, _ negative: UnsafePointer<UInt8>?) -> Int {
      var array = kk_bitserial_array(
        subsets: subsets.positive, negative_subsets: subsets.negative, table: table,
        negative_table: negative, rows: rows, columns: columns,
        bits: UInt32(subsets.coding.bits), largest_cell: UInt32(largestCell),
        top_weight: subsets.coding.signs == .complement ? -1 : 1)
      return Int(
        kk_bitserial(y, stride, &array, subsets.vectors, converter, scales, step * factor))
    }
    return table.withUnsafeBufferPointer { table in
      guard let negative else { return run(table.baseAddress, nil) }
      return negative.withUnsafeBufferPointer { run(table.baseAddress, $0.baseAddress) }
    }
  }
}
