import Crossbar
import Foundation
import Runtime
import Testing

@Suite("Weights of two states")
struct BinaryProgrammerTests {
  private static let stream = RandomStream(seed: 4)

  private func programmer(_ rule: BinaryProgrammer.Rule, _ first: [Float] = [0.1, -0.2])
    -> BinaryProgrammer
  {
    BinaryProgrammer(rule, first: first, size: 0.5, threshold: 0.3)
  }

  @Test("A digital weight's sign decides, and the weight stays within its bounds")
  func shadow() {
    var weights = programmer(.shadow)
    #expect(weights.belief == [0.5, -0.5])
    #expect(weights.update([-0.05, -2], stream: Self.stream) == [])
    #expect(weights.update([-0.1, 0.4], stream: Self.stream) == [0])
    #expect(weights.belief == [-0.5, -0.5] && weights.writes == [1, 0])
    // −0.5 + 0.4 is still negative: −2 had been cut off.
    #expect(weights.update([0, 0.2], stream: Self.stream) == [1])
  }

  @Test("Changes add up to a threshold and are forgotten there, whichever way they point")
  func threshold() {
    var weights = programmer(.threshold)
    #expect(weights.update([-0.2, -0.2], stream: Self.stream) == [])
    #expect(weights.update([-0.15, -0.15], stream: Self.stream) == [0])
    #expect(weights.pending == [0, 0] && weights.belief == [-0.5, -0.5])
    #expect(weights.update([0.29, 0.29], stream: Self.stream) == [])
    #expect(weights.update([0.02, 0.02], stream: Self.stream) == [0, 1])
    #expect(weights.writes == [2, 1])
  }

  @Test("Chance makes the mean change right")
  func stochastic() {
    let count = 40_000
    var weights = programmer(.stochastic, [Float](repeating: 1, count: count))
    let change = (0..<count).map { Float($0 % 2 == 0 ? -0.1 : 0.1) }
    let toggled = weights.update(change, stream: Self.stream)
    #expect(toggled.allSatisfy { $0 % 2 == 0 })
    // Of 20,000 weights at 0.5 a tenth go to −0.5. Five standard errors: one false alarm in 1.7 million.
    let (n, p) = (Double(count / 2), 0.1)
    #expect(abs(Double(toggled.count) - n * p) < 5 * (n * p * (1 - p)).squareRoot())
    let mean = weights.belief.reduce(0.0) { $0 + Double($1) } / Double(count)
    #expect(abs(mean - (0.5 - 0.05)) < 5 * (p * (1 - p) / n).squareRoot())
  }

  @Test("The thousandth that changes most toggles where it points to the other state")
  func top() {
    var weights = programmer(.top, (0..<4000).map { $0 < 2000 ? 1 : -1 })
    var change = [Float](repeating: -1e-3, count: 4000)
    // Four of 4000: two of them point to where the weight already is.
    (change[5], change[6], change[2005], change[2006]) = (-1, 1, 1, -1)
    #expect(weights.update(change, stream: Self.stream) == [5, 2005])
    #expect(weights.update(change, rate: 0, stream: Self.stream) == [])
    let still = [Float](repeating: 0, count: 4000)
    #expect(weights.update(still, stream: Self.stream) == [])
  }

  @Test("Of changes of one size no more toggle than the share, and chance decides which")
  func ties() {
    let count = 20_000
    let change = [Float](repeating: -1e-3, count: count)
    var chosen: [[Int]] = []
    for update in 0..<50 {
      var weights = programmer(.top, [Float](repeating: 1, count: count))
      chosen.append(weights.update(change, stream: Self.stream.derived(UInt64(update))))
    }
    #expect(chosen.allSatisfy { $0.count == count / 1000 })
    // 1000 uniform indices: five standard errors of their mean.
    let mean = chosen.joined().reduce(0.0) { $0 + Double($1) } / 1000
    #expect(abs(mean - Double(count) / 2) < 5 * Double(count) / (12.0 * 1000).squareRoot())
  }
}
