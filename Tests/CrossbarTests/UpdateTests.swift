import Crossbar
import Runtime
import Testing

@Suite("Update rules")
struct UpdateTests {
  @Test("χ gives whole steps and keeps the rest")
  func chi() {
    var rule = ChiAccumulator(outputs: 1, inputs: 5, granularity: 0.1)
    rule.accumulate([0.25, -0.31, 0.05, 0.099, 1.0])
    #expect(rule.transfer() == [2, -3, 0, 0, 10])
    for (found, expected) in zip(rule.chi, [0.05, -0.01, 0.05, 0.099, 0]) {
      #expect(abs(found - Float(expected)) < 1e-6)
    }
  }

  @Test("χ over four steps, as computed by hand")
  func chiSequence() {
    var rule = ChiAccumulator(outputs: 2, inputs: 2, granularity: 1e-3)
    let known: [(pulses: [Int32], chi: [Float])] = [
      ([0, 0, 1, 0], [0.65, -0.325, 0.55, -0.775]), ([1, 0, 2, -1], [0.30, -0.65, 0.10, -0.55]),
      ([0, 0, 1, -1], [0.95, -0.975, 0.65, -0.325]), ([1, -1, 2, -1], [0.60, -0.30, 0.20, -0.10]),
    ]
    for (pulses, chi) in known {
      rule.accumulate([0.0013, 0.0031], [0.5, -0.25], rate: 1)
      #expect(rule.transfer() == pulses)
      for (found, expected) in zip(rule.chi, chi) { #expect(abs(found * 1e3 - expected) < 1e-3) }
    }
  }

  @Test("χ loses nothing and never holds a whole step")
  func chiInvariants() {
    let stream = RandomStream(seed: 2)
    var rule = ChiAccumulator(outputs: 3, inputs: 4, granularity: 0.01)
    var asked = [Double](repeating: 0, count: 12)
    var sent = asked
    for step in 0..<200 {
      let change = (0..<12).map { 0.02 * stream.gaussian(at: UInt64(step * 12 + $0)) }
      rule.accumulate(change)
      for (index, pulses) in rule.transfer().enumerated() {
        asked[index] += Double(change[index])
        sent[index] += 0.01 * Double(pulses)
      }
      for index in 0..<12 {
        #expect(abs(rule.chi[index]) < 0.01)
        // Single precision, two hundred times.
        #expect(abs(asked[index] - sent[index] - Double(rule.chi[index])) < 1e-5)
      }
    }
  }

  @Test("A device is programmed only past the threshold, to belief plus what was pending")
  func threshold() {
    var rule = ThresholdProgrammer(weights: [0.1, -0.2, 0.3], threshold: 0.05)
    #expect(rule.update([0.02, -0.05, 0]) == [1])
    #expect(rule.belief == [0.1, -0.25, 0.3])
    #expect(rule.update([0.02, 0.02, 0.049]) == [])
    #expect(rule.update([0.02, 0, 0]) == [0])
    #expect(abs(rule.belief[0] - 0.16) < 1e-6 && rule.pending[0] == 0)
    #expect(rule.writes == [1, 1, 0])
  }

  @Test("Targets keep to levels and limits where there are some")
  func levels() {
    var rule = ThresholdProgrammer(weights: [0.2, 0.2], threshold: 0.05, limit: 0.3, level: 0.1)
    #expect(rule.update([0.07, 5]) == [0, 1])
    #expect(abs(rule.belief[0] - 0.3) < 1e-6 && rule.belief[1] == 0.3)
  }

  @Test("Coincidences have the published means and deviations")
  func stochastic() {
    let update = StochasticUpdate(step: 1e-3)
    let (d, x): ([Float], [Float]) = ([0.2, 0.05], [0.5, 0.25])
    #expect(update.trains(d, x, rate: 0.1).length == 10)
    let count = 20_000
    var sums = [Double](repeating: 0, count: 4)
    var squares = sums
    for index in 0..<count {
      let stream = RandomStream(seed: 6).derived(UInt64(index))
      for (cell, steps) in update.counts(d, x, rate: 0.1, stream: stream).enumerated() {
        sums[cell] += Double(steps) / Double(count)
        squares[cell] += Double(steps * steps) / Double(count)
      }
    }
    let (means, deviations) = ([10, 5, 2.5, 1.25], [0, 1.581139, 1.369306, 1.045825])
    for cell in 0..<4 {
      let deviation = max(squares[cell] - sums[cell] * sums[cell], 0).squareRoot()
      // Five standard errors.
      let error = deviations[cell] / Double(count).squareRoot()
      #expect(abs(sums[cell] - means[cell]) <= 5 * error + 1e-9)
      #expect(
        abs(deviation - deviations[cell]) <= 5 * deviations[cell] / Double(2 * count).squareRoot()
          + 1e-6)
    }
  }

  @Test("Signs are those of d·x, and vectors of zeros do nothing")
  func signs() {
    let update = StochasticUpdate(step: 1e-3)
    let counts = update.counts([0.3, -0.3], [1, -1], rate: 0.1, stream: RandomStream(seed: 1))
    #expect(counts[0] > 0 && counts[1] < 0 && counts[2] < 0 && counts[3] > 0)
    let none = update.counts([0, 0], [1, 1], rate: 0.1, stream: RandomStream(seed: 1))
    #expect(none == [0, 0, 0, 0])
  }
}
