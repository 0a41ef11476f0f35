import Foundation
import NN
import Testing

@Suite struct LearningRateTests {
  @Test("A cosine falls from the base to the final rate")
  func cosine() {
    let schedule = LearningRateSchedule(base: 0.5, finalFraction: 0.2)
    #expect(schedule.rate(step: 0, of: 100) == 0.5)
    // Half way down is the mean of both ends; single-precision rounding.
    #expect(abs(schedule.rate(step: 50, of: 100) - 0.3) < 1e-7)
    #expect(abs(schedule.rate(step: 100, of: 100) - 0.1) < 1e-7)
    for step in 0..<100 {
      let expected = 0.1 + 0.4 * 0.5 * (1 + Foundation.cos(.pi * Double(step) / 100))
      #expect(abs(Double(schedule.rate(step: step, of: 100)) - expected) < 1e-7)
    }
  }

  @Test("Steps fall at their milestones and not before")
  func steps() {
    let schedule = LearningRateSchedule(
      base: 1, decay: .step, milestones: [0.3, 0.6], stepFactor: 0.1)
    let rates = (0..<10).map { schedule.rate(step: $0, of: 10) }
    let expected: [Float] = [1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01]
    for (rate, expected) in zip(rates, expected) { #expect(abs(rate - expected) < 1e-8) }
  }

  @Test("Warm-up rises in a straight line; the decay begins where it ends")
  func warmUp() {
    let schedule = LearningRateSchedule(
      base: 2, finalFraction: 0, warmUpSteps: 4, warmUpFraction: 0.2)
    let rates = (0..<5).map { schedule.rate(step: $0, of: 24) }
    let expected: [Float] = [0.8, 1.2, 1.6, 2, 2]
    for (rate, expected) in zip(rates, expected) { #expect(abs(rate - expected) < 1e-6) }
    #expect(abs(schedule.rate(step: 14, of: 24) - 1) < 1e-6)
  }

  @Test("Constant and linear")
  func others() {
    let constant = LearningRateSchedule(base: 3, decay: .constant)
    #expect((0..<9).allSatisfy { constant.rate(step: $0, of: 9) == 3 })
    let linear = LearningRateSchedule(base: 1, decay: .linear, finalFraction: 0.5)
    #expect(abs(linear.rate(step: 5, of: 10) - 0.75) < 1e-7)
  }

  @Test("A run shorter than its warm-up never divides by zero")
  func short() {
    let schedule = LearningRateSchedule(base: 1, warmUpSteps: 5)
    for total in 1...6 {
      for step in 0..<total { #expect(schedule.rate(step: step, of: total).isFinite) }
    }
  }
}
