import CKernels
import Testing

@Suite("Columns")
struct ColumnTests {
  @Test(
    "Narrow rows without gaps give what rows with gaps do", arguments: [(50, 3), (16, 15), (7, 4)])
  func narrow(rows: Int, columns: Int) {
    let x = (0..<rows * columns).map { Float(($0 * 37) % 101) / 50 - 1 }
    let scale = (0..<columns).map { Float($0) + 0.5 }
    let start = (0..<columns).map { Float($0) * 0.25 - 1 }
    var y = [Float](repeating: .nan, count: x.count)
    kk_scale_columns(&y, x, scale, start, rows, columns, columns, columns)
    #expect(y.indices.allSatisfy { y[$0] == start[$0 % columns] + scale[$0 % columns] * x[$0] })
    kk_scale_columns(&y, x, scale, nil, rows, columns, columns, columns)
    let twice = x.indices.map { index in
      let (scale, start) = (scale[index % columns], start[index % columns])
      return (start + scale * x[index]) + scale * x[index]
    }
    #expect(y == twice)
    var dots = [Float](repeating: 2, count: columns)
    kk_column_dots(&dots, x, y, rows, columns, columns, columns)
    for column in 0..<columns {
      let sum = stride(from: column, to: x.count, by: columns).reduce(2.0) {
        $0 + Double(x[$1]) * Double(y[$1])
      }
      #expect(abs(Double(dots[column]) - sum) < 1e-4 * Double(rows))
    }
  }
}
