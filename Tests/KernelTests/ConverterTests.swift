import CKernels
import Testing

@Suite("Converters")
struct ConverterTests {
  @Test("Values are rounded first and clamped then, to 2^bits − 1 codes")
  func codes() {
    let x = (0...4000).map { Float($0) / 1000 - 2 }
    var y = x
    let ones = [Float](repeating: 1, count: x.count)
    let step: Float = 2.0 / 14
    let clipped = kk_adc(&y, x, ones, ones, 1, x.count, x.count, x.count, step, -1, 1, 0)
    #expect(Set(y).count == 15)
    #expect(y.max() == 1 && y.min() == -1)
    #expect(Int(clipped) == x.filter { abs($0) > 1 }.count)
    for (a, b) in zip(x, y) where abs(a) <= 1 { #expect(abs(a - b) <= step / 2 + 1e-6) }
  }

  @Test("A value that rounds beyond the bound becomes the bound")
  func order() {
    // The bound is no multiple of the step: 0.9 is a code; 1.1 rounds to 1.2 before it is clamped.
    var y: [Float] = [0, 0]
    _ = kk_adc(&y, [0.9, 1.1], [1], [1, 1], 1, 2, 2, 2, 0.3, -1, 1, 0)
    #expect(abs(y[0] - 0.9) < 1e-6 && y[1] == 1)
  }

  @Test("A vector of zeros stays zero")
  func zeros() {
    var y: [Float] = [7, 7]
    kk_dac(&y, [0, 0], [0], 1, 2, 2, 2, 0.1, 1)
    #expect(y == [0, 0])
  }
}
