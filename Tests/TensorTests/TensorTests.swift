import Runtime
import Tensor
import Testing

struct ShapeTests {
  @Test func extentsAndProducts() {
    let shape: Shape = [2, 3, 4]
    #expect(shape.rank == 3 && shape.count == 24)
    #expect(shape.rows == 6 && shape.channels == 4)
    #expect(shape[0] == 2 && shape[-1] == 4)
    #expect(shape.array == [2, 3, 4] && shape.description == "[2, 3, 4]")
    #expect(shape.with(channels: 9) == [2, 3, 9])
  }

  @Test func scalarsAndEmptyShapes() {
    let scalar: Shape = []
    #expect(scalar.count == 1 && scalar.rows == 1 && scalar.channels == 1)
    let empty: Shape = [3, 0]
    #expect(empty.count == 0 && empty.rows == 3 && empty.channels == 0)
    #expect(Shape([2, 3]) != Shape([2, 3, 1]))
  }
}

struct TensorValueTests {
  private let a = Tensor((0..<24).map(Float.init), shape: [2, 3, 4])

  @Test func elementsAreRowMajor() {
    #expect(a[1, 2, 3] == 23 && a[0, 1, 2] == 6)
    #expect(a.floats == (0..<24).map(Float.init))
    #expect(Tensor(repeating: 3, shape: []).scalar == 3)
  }

  @Test func aWriteIsNotSeenThroughAnotherValue() {
    var b = a
    let window = a.channels(1..<3)
    b.withMutableFloats { $0[5] = -1 }
    #expect(b[0, 1, 1] == -1)
    #expect(a[0, 1, 1] == 5 && window[0, 1, 0] == 5)
  }

  @Test func aWriteThroughAWindowCopiesIt() {
    var window = a.channels(1..<3)
    #expect(!window.isContiguous && window.rowStride == 4)
    window.withMutableFloats { $0[0] = -1 }
    #expect(window[0, 0, 0] == -1 && window.isContiguous)
    #expect(a[0, 0, 1] == 1)
  }

  @Test func viewsHoldTheRightElements() {
    let window = a.channels(1..<3)
    #expect(window.shape == [2, 3, 2])
    #expect(window.floats == [1, 2, 5, 6, 9, 10, 13, 14, 17, 18, 21, 22])
    #expect(a.prefix(1..<2).floats == (12..<24).map(Float.init))
    #expect(window.prefix(1..<2).floats == [13, 14, 17, 18, 21, 22])
    #expect(a.reshaped([6, 4]).shape == [6, 4])
    #expect(window.reshaped([6, 2]).rowStride == 4)
    #expect(window.reshaped([3, 4]).floats == window.floats)
    #expect(window.copy().isContiguous && window.copy().floats == window.floats)
  }

  @Test func viewsShareMemoryAndCopiesDoNot() {
    #expect(a.reshaped([24]).pointer == a.pointer)
    #expect(a.channels(1..<3).pointer == a.pointer + 1)
    #expect(a.prefix(1..<2).pointer == a.pointer + 12)
    #expect(a.copy().pointer != a.pointer)
    #expect(a.contiguous().pointer == a.pointer)
  }
}

struct ReductionTests {
  @Test func reductionsOfAWindow() {
    let a = windowed(Tensor([1, -2, 3, -4.5], shape: [2, 2]))
    #expect(a.sum() == -2.5 && a.mean() == -0.625)
    #expect(a.maxAbs() == 4.5)
    #expect(abs(a.norm() - (1 + 4 + 9 + 20.25).squareRoot()) < 1e-12)
    #expect(a.maxAbsDifference(to: Tensor(repeating: 1, shape: [2, 2])) == 5.5)
  }

  @Test func sumsRunInDouble() {
    // In Float the ones would be lost beside 2²⁴.
    let a = Tensor([16_777_216] + [Float](repeating: 1, count: 1000), shape: [1001])
    #expect(a.sum() == 16_778_216)
  }

  @Test func notANumberIsNeverHidden() {
    let a = Tensor([1, .nan, 3], shape: [3])
    #expect(a.maxAbs().isNaN)
    #expect(a.maxAbsDifference(to: Tensor(repeating: 9, shape: [3])).isNaN)
    #expect(a.firstNonFinite == 1)
    #expect(windowed(Tensor([1, 2, 3, .infinity], shape: [2, 2])).firstNonFinite == 3)
    #expect(Tensor([1, 2], shape: [2]).firstNonFinite == nil)
  }

  @Test func bitsAreComparedAsBits() {
    let zero = Tensor([0, .nan], shape: [2])
    #expect(zero.hasSameBits(as: Tensor([0, .nan], shape: [2])))
    #expect(!zero.hasSameBits(as: Tensor([-0.0, .nan], shape: [2])))
    #expect(!zero.hasSameBits(as: zero.reshaped([2, 1])))
    let a = gaussian([5, 7], 1)
    #expect(windowed(a).hasSameBits(as: a))
    #expect(!a.hasSameBits(as: a.mapped { $0.nextUp }))
  }

  @Test(arguments: [(1, 1), (3, 40), (40, 3), (33, 65)])
  func transposition(extents: (Int, Int)) {
    let a = gaussian([extents.0, extents.1], 2)
    let transposed = windowed(a).transposed()
    #expect(transposed.shape == [extents.1, extents.0])
    for i in 0..<extents.0 { for j in 0..<extents.1 { #expect(transposed[j, i] == a[i, j]) } }
  }
}

@Suite(.serialized) struct RandomTensorTests {
  private let stream = RandomStream(seed: 42, stream: 3)

  /// Three chunks of the parallel fill and a part.
  private let shape: Shape = [200_001]

  @Test(arguments: [2, 3, 5]) func bitsDoNotDependOnThreads(threads: Int) {
    let draw = {
      [
        Tensor.gaussian(shape, from: stream), Tensor.uniform(shape, in: -1..<3, from: stream),
        Tensor.bernoulli(shape, keep: 0.3, from: stream),
      ]
    }
    for (one, several) in zip(withThreads(1, draw), withThreads(threads, draw)) {
      #expect(several.hasSameBits(as: one))
    }
  }

  @Test func normalNumbersHaveTheirMoments() {
    let z = Tensor.gaussian(shape, mean: 2, deviation: 3, from: stream).mapped { ($0 - 2) / 3 }
    let n = Double(shape.count)
    // Five standard errors of each moment of a standard normal sample.
    #expect(abs(z.mean()) < 5 / n.squareRoot())
    #expect(abs(z.mapped { $0 * $0 }.mean() - 1) < 5 * (2 / n).squareRoot())
    #expect(abs(z.mapped { $0 * $0 * $0 }.mean()) < 5 * (15 / n).squareRoot())
    #expect(abs(z.mapped { $0 * $0 * $0 * $0 }.mean() - 3) < 5 * (96 / n).squareRoot())
    let beyondTwo = z.mapped { abs($0) > 2 ? 1 : 0 }.mean()
    #expect(abs(beyondTwo - 0.045_500_26) < 5 * (0.0434 / n).squareRoot())
  }

  @Test func uniformNumbersStayInTheirRange() {
    let u = Tensor.uniform(shape, in: -1..<3, from: stream)
    #expect(u.floats.allSatisfy { $0 >= -1 && $0 <= 3 })
    #expect(abs(u.mean() - 1) < 5 * (16.0 / 12 / Double(shape.count)).squareRoot())
  }

  @Test(arguments: [Float(0), 0.25, 1]) func bernoulliKeepsItsShare(keep: Float) {
    let b = Tensor.bernoulli(shape, keep: keep, value: 2, from: stream)
    #expect(b.floats.allSatisfy { $0 == 0 || $0 == 2 })
    let variance = Double(keep * (1 - keep)) / Double(shape.count)
    #expect(abs(b.mean() / 2 - Double(keep)) <= 5 * variance.squareRoot())
  }
}

@Suite struct BLASTests {
  @Test func theLibraryIsSafeToCallFromThreads() {
    #expect(BLAS.threading != .serial)
    #expect(!BLAS.coreName.isEmpty && BLAS.coreName != "unknown")
    #expect(BLAS.configuration.contains("OpenBLAS"))
  }

  #if compiler(>=6.2)
    @Test func wrongShapesTrapWithBothShapes() async {
      let result = await #expect(
        processExitsWith: .failure, observing: [\.standardErrorContent]
      ) {
        _ = matmul(Tensor(shape: [2, 3]), Tensor(shape: [4, 5]))
      }
      let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
      #expect(text.contains("[2, 3]") && text.contains("[4, 5]"))
    }
  #endif
}
