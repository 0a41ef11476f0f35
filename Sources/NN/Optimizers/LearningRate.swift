import Foundation

/// The learning rate over the steps of a run.
public struct LearningRateSchedule: Sendable, Codable, Hashable {
  /// The shape after warm-up.
  public enum Decay: String, Sendable, Codable, CaseIterable {
    case constant
    /// Half a cosine from the base to the final rate (Loshchilov and Hutter, ICLR 2017).
    case cosine
    /// Straight down to the final rate.
    case linear
    /// Times `stepFactor` at each fraction of `milestones`.
    case step
  }

  /// The highest rate.
  public var base: Float
  /// The shape after warm-up.
  public var decay: Decay
  /// The rate at the end, as a fraction of the base.
  public var finalFraction: Float
  /// Steps of linear warm-up from `warmUpFraction` of the base.
  public var warmUpSteps: Int
  /// Where warm-up starts, as a fraction of the base.
  public var warmUpFraction: Float
  /// For `step`: fractions of the run at which the rate falls.
  public var milestones: [Float]
  /// For `step`: the factor at each milestone.
  public var stepFactor: Float

  /// A schedule; cosine to zero by default.
  public init(
    base: Float, decay: Decay = .cosine, finalFraction: Float = 0, warmUpSteps: Int = 0,
    warmUpFraction: Float = 0, milestones: [Float] = [0.5, 0.75], stepFactor: Float = 0.1
  ) {
    self.base = base
    self.decay = decay
    self.finalFraction = finalFraction
    self.warmUpSteps = warmUpSteps
    self.warmUpFraction = warmUpFraction
    self.milestones = milestones
    self.stepFactor = stepFactor
  }

  /// The rate of step `step` (from 0) of `total`.
  public func rate(step: Int, of total: Int) -> Float {
    if step < warmUpSteps {
      let progress = Float(step + 1) / Float(warmUpSteps)
      return base * (warmUpFraction + (1 - warmUpFraction) * progress)
    }
    let progress = Double(step - warmUpSteps) / Double(max(1, total - warmUpSteps))
    let floor = Double(finalFraction)
    switch decay {
    case .constant:
      return base
    case .linear:
      return base * Float(floor + (1 - floor) * (1 - progress))
    case .cosine:
      return base * Float(floor + (1 - floor) * 0.5 * (1 + cos(.pi * progress)))
    case .step:
      // Compared in their own precision: 0.3 in single precision is above 3 / 10 in double.
      let passed = milestones.count { $0 <= Float(progress) }
      return base * Float(pow(Double(stepFactor), Double(passed)))
    }
  }
}
