import CKernels
import Runtime
import Testing

@testable import Tensor

@Suite("Packed matrices")
struct PackedMatrixTests {
  private static func uniform(_ shape: Shape, _ seed: UInt64) -> Tensor {
    let stream = RandomStream(seed: seed)
    return Tensor(
      (0..<UInt64(shape.count)).map { stream.uniform(at: $0) - 0.5 }, shape: shape)
  }

  @Test(
    "Products are those of a plain sum, and a row has the same bits in any batch",
    arguments: [(1, 1), (7, 3), (16, 16), (130, 37), (512, 64), (2100, 70)])
  func rows(_ depth: Int, _ columns: Int) {
    let before = Threads.count
    defer { Threads.count = before }
    let matrix = Self.uniform([depth, columns], 1)
    let packed = PackedMatrix(matrix)
    let x = Self.uniform([301, depth], 2)
    let whole = packed.multiplied(by: x).floats
    let (a, b) = (x.floats, matrix.floats)
    for row in [0, 150, 300] {
      for column in 0..<columns {
        let sum = (0..<depth).reduce(0.0) {
          $0 + Double(a[row * depth + $1]) * Double(b[$1 * columns + column])
        }
        // A chain of k additions of products of at most a quarter.
        #expect(
          abs(Double(whole[row * columns + column]) - sum) < 1e-7 * Double(depth).squareRoot() * 4)
      }
    }
    for threads in [1, 3] {
      Threads.count = threads
      for size in [1, 2, 3, 5, 13, 24, 97, 192, 301] {
        for first in stride(from: 0, to: 301, by: 60) {
          let range = first..<min(first + size, 301)
          let part = packed.multiplied(by: x.prefix(range)).floats
          #expect(
            part == Array(whole[range.lowerBound * columns..<range.upperBound * columns]),
            "\(size) rows from \(first)")
        }
      }
    }
  }

  @Test("Vectors may be windows of wider ones")
  func windows() {
    let packed = PackedMatrix(Self.uniform([40, 20], 1).channels(3..<18))
    let x = Self.uniform([9, 60], 2)
    #expect(
      packed.multiplied(by: x.channels(10..<50)).floats
        == packed.multiplied(by: x.channels(10..<50).copy()).floats)
  }
}
