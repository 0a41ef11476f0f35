import Runtime
import Tensor
import Testing

/// Extents of a product [m, k]·[k, n].
struct ProductShape: Sendable, CustomTestStringConvertible {
  let m: Int
  let n: Int
  let k: Int

  init(_ m: Int, _ n: Int, _ k: Int) {
    self.m = m
    self.n = n
    self.k = k
  }

  var testDescription: String { "\(m)x\(n)x\(k)" }

  /// One of each kind: tiny, odd, long and thin, cut into tiles by rows, by columns, by both, few rows
  /// in several parts, a reduction in several slices.
  static let all = [
    ProductShape(1, 1, 1), ProductShape(3, 5, 7), ProductShape(17, 1, 33), ProductShape(1, 63, 20),
    ProductShape(64, 64, 64), ProductShape(130, 70, 257), ProductShape(2050, 17, 40),
    ProductShape(24, 3000, 31), ProductShape(515, 509, 100), ProductShape(2, 300, 900),
    ProductShape(200, 40, 2100),
  ]
}

/// Which operands are stored transposed.
struct Transposition: Sendable, CustomTestStringConvertible {
  let a: Bool
  let b: Bool
  var testDescription: String { (a ? "t" : "n") + (b ? "t" : "n") }
  static let all = [
    Transposition(a: false, b: false), Transposition(a: false, b: true),
    Transposition(a: true, b: false), Transposition(a: true, b: true),
  ]
}

@Suite(.serialized) struct MatmulTests {
  private func operands(_ shape: ProductShape, _ transposed: Transposition) -> (Tensor, Tensor) {
    (
      gaussian(transposed.a ? [shape.k, shape.m] : [shape.m, shape.k], 1),
      gaussian(transposed.b ? [shape.n, shape.k] : [shape.k, shape.n], 2)
    )
  }

  @Test(arguments: ProductShape.all, Transposition.all)
  func productsAgreeWithTheDefinition(shape: ProductShape, transposed: Transposition) {
    let (a, b) = operands(shape, transposed)
    let exact = naiveProduct(a, b, transposeA: transposed.a, transposeB: transposed.b)
    let dense = matmul(a, b, transposeA: transposed.a, transposeB: transposed.b)
    #expect(dense.shape == [shape.m, shape.n])
    #expect(excess(dense, over: exact.value, magnitude: exact.magnitude, k: shape.k) < 1)
    let windows = matmul(
      windowed(a), windowed(b), transposeA: transposed.a, transposeB: transposed.b)
    #expect(excess(windows, over: exact.value, magnitude: exact.magnitude, k: shape.k) < 1)
  }

  @Test(arguments: ProductShape.all, Transposition.all)
  func bitsDoNotDependOnThreads(shape: ProductShape, transposed: Transposition) {
    let (a, b) = operands(shape, transposed)
    let results = [1, 2, 3].map { threads in
      withThreads(threads) { matmul(a, b, transposeA: transposed.a, transposeB: transposed.b) }
    }
    #expect(results[1].hasSameBits(as: results[0]))
    #expect(results[2].hasSameBits(as: results[0]))
  }

  @Test(arguments: ProductShape.all)
  func accumulatesWithFactors(shape: ProductShape) {
    let (a, b) = operands(shape, Transposition(a: false, b: false))
    let start = gaussian([shape.m, shape.n], 3)
    var c = start
    matmul(a, b, alpha: -0.5, beta: 2, into: &c)
    let exact = naiveProduct(a, b)
    let value = zip(exact.value, start.floats).map { -0.5 * $0 + 2 * Double($1) }
    let magnitude = zip(exact.magnitude, start.floats).map { 0.5 * $0 + 2 * abs(Double($1)) }
    #expect(excess(c, over: value, magnitude: magnitude, k: shape.k) < 1)
    #expect(start.hasSameBits(as: gaussian([shape.m, shape.n], 3)), "the shared tensor changed")
  }

  @Test(arguments: ProductShape.all, Transposition.all)
  func addsToWhatIsThere(shape: ProductShape, transposed: Transposition) {
    let (a, b) = operands(shape, transposed)
    var c = gaussian([shape.m, shape.n], 3)
    let start = c.floats.map(Double.init)
    matmul(a, b, transposeA: transposed.a, transposeB: transposed.b, beta: 1, into: &c)
    let exact = naiveProduct(a, b, transposeA: transposed.a, transposeB: transposed.b)
    let value = zip(exact.value, start).map(+)
    let magnitude = zip(exact.magnitude, start).map { $0 + abs($1) }
    #expect(excess(c, over: value, magnitude: magnitude, k: shape.k) < 1)
  }

  @Test(arguments: ProductShape.all)
  func betaZeroNeverReadsTheTarget(shape: ProductShape) {
    let (a, b) = operands(shape, Transposition(a: false, b: false))
    var c = Tensor(repeating: .nan, shape: [shape.m, shape.n])
    matmul(a, b, into: &c)
    #expect(c.hasSameBits(as: matmul(a, b)))
  }

  @Test(arguments: ProductShape.all)
  func writesOnlyItsWindow(shape: ProductShape) {
    let (a, b) = operands(shape, Transposition(a: false, b: false))
    let ldc = shape.n + 9
    let area = gaussian([shape.m, ldc], 4)
    let before = area.floats
    gemm(
      m: shape.m, n: shape.n, k: shape.k, a.pointer, lda: shape.k, b.pointer, ldb: shape.n,
      into: area.pointer + 4, ldc: ldc)
    #expect(area.channels(4..<4 + shape.n).hasSameBits(as: matmul(a, b)))
    let after = area.floats
    let outside = after.indices.filter { $0 % ldc < 4 || $0 % ldc >= 4 + shape.n }
    #expect(outside.allSatisfy { after[$0] == before[$0] })
  }

  @Test func leadingDimensionsAreRows() {
    let a = gaussian([2, 3, 4, 6], 1)
    let b = gaussian([6, 5], 2)
    let product = matmul(a, b)
    #expect(product.shape == [2, 3, 4, 5])
    #expect(product.reshaped([24, 5]).hasSameBits(as: matmul(a.reshaped([24, 6]), b)))
  }

  @Test func anEmptySumIsZero() {
    let product = matmul(Tensor(shape: [3, 0]), Tensor(shape: [0, 2]))
    #expect(product.hasSameBits(as: Tensor(shape: [3, 2])))
    #expect(matmul(Tensor(shape: [0, 4]), Tensor(shape: [4, 2])).shape == [0, 2])
  }

  @Test(arguments: [
    ProductShape(1, 1, 1), ProductShape(4096, 4096, 4096), ProductShape(100_000, 24, 144),
    ProductShape(24, 100_000, 144), ProductShape(15, 63, 1 << 20), ProductShape(1000, 1001, 999),
  ])
  func tilesCoverEveryElementOnce(shape: ProductShape) {
    let tiling = Tiling(m: shape.m, n: shape.n, k: shape.k)
    var area = 0
    var corners: Set<[Int]> = []
    for tile in 0..<tiling.count {
      let (rows, columns) = tiling[tile]
      #expect(!rows.isEmpty && !columns.isEmpty)
      #expect(rows.upperBound <= shape.m && columns.upperBound <= shape.n)
      area += rows.count * columns.count
      corners.insert([rows.lowerBound, columns.lowerBound])
    }
    #expect(area == shape.m * shape.n)
    #expect(corners.count == tiling.count)
  }
}

@Suite(.serialized) struct BatchedMatmulTests {
  @Test(
    arguments: [
      (1, ProductShape(5, 6, 7)), (3, ProductShape(300, 200, 50)), (37, ProductShape(9, 11, 4)),
      (400, ProductShape(1, 2, 3)),
    ], Transposition.all)
  func everyProductIsItsOwn(batch: (Int, ProductShape), transposed: Transposition) {
    let (count, shape) = batch
    let a = gaussian(
      Shape([count, 1] + (transposed.a ? [shape.k, shape.m] : [shape.m, shape.k])), 1)
    let b = gaussian(
      Shape([count, 1] + (transposed.b ? [shape.n, shape.k] : [shape.k, shape.n])), 2)
    let results = [1, 2, 3].map { threads in
      withThreads(threads) {
        batchedMatmul(
          windowed(a), windowed(b), transposeA: transposed.a, transposeB: transposed.b, alpha: 0.5)
      }
    }
    #expect(results[0].shape == [count, 1, shape.m, shape.n])
    #expect(results[1].hasSameBits(as: results[0]))
    #expect(results[2].hasSameBits(as: results[0]))
    for i in 0..<count {
      let matrix = { (t: Tensor) in
        t.prefix(i..<i + 1).reshaped([t.shape[-2], t.shape[-1]])
      }
      let exact = naiveProduct(
        matrix(a), matrix(b), transposeA: transposed.a, transposeB: transposed.b)
      #expect(
        excess(
          matrix(results[0]), over: exact.value.map { $0 / 2 },
          magnitude: exact.magnitude.map { $0 / 2 }, k: shape.k) < 1)
    }
  }
}

@Suite(.serialized) struct MatvecTests {
  @Test(arguments: [(1, 1), (5, 3), (1000, 33), (33, 1000), (3000, 700)], [false, true])
  func productsAgreeWithTheDefinition(extents: (Int, Int), transposed: Bool) {
    let (m, k) = extents
    let a = windowed(gaussian(transposed ? [k, m] : [m, k], 1))
    let x = gaussian([k], 2)
    let exact = naiveProduct(a, x.reshaped([k, 1]), transposeA: transposed)
    let results = [1, 2, 3].map { threads in
      withThreads(threads) { matvec(a, x, transposeA: transposed) }
    }
    #expect(results[0].shape == [m])
    #expect(excess(results[0], over: exact.value, magnitude: exact.magnitude, k: k) < 1)
    #expect(results[1].hasSameBits(as: results[0]))
    #expect(results[2].hasSameBits(as: results[0]))
  }
}
