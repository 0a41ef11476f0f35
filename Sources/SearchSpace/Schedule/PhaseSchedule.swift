import Configuration
import Runtime

/// The phases of a supernet training, as data.
public struct PhaseSchedule: Codable, Hashable, Sendable {
  /// A name for people.
  public var name: String
  /// The phases in order.
  public var phases: [Phase]

  /// A schedule, not yet validated (see ``validate()``).
  public init(name: String, phases: [Phase]) {
    self.name = name
    self.phases = phases
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case name, phases
  }

  /// Reads and validates a schedule; unknown keys are errors.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(
      name: try fields.value(.name, or: "unnamed"), phases: try fields.required(.phases))
    do {
      try check()
    } catch var error as FieldError {
      error.path = FieldError(decoder.codingPath).path + error.path
      throw error
    }
  }

  func check() throws {
    guard let first = phases.first else {
      throw FieldError([.key("phases")], found: "no phase", expected: "at least one")
    }
    for (index, phase) in phases.enumerated() {
      let path = [PathStep.key("phases"), .index(index)]
      guard phase.length.unit == first.length.unit else {
        throw FieldError(
          path, found: "a length in \(phase.length.unit)",
          expected: "\(first.length.unit), as in the first phase")
      }
      guard phase.length.amount > 0 else {
        throw FieldError(
          path + [.key(phase.length.unit)], found: phase.length.amount.short, expected: "above 0")
      }
      guard Set(phase.frozen).count < ParameterGroup.allCases.count else {
        throw FieldError(
          path + [.key("frozen")], found: "every group", expected: "something left to train")
      }
    }
    if case .fraction = first.length {
      let sum = phases.reduce(0) { $0 + $1.length.amount }
      guard abs(sum - 1) < 1e-6 else {
        throw FieldError(
          [.key("phases")], found: "fractions that add up to \(sum.short)", expected: "1")
      }
    }
  }

  /// A phase with its place in the training.
  public struct Span: Hashable, Sendable {
    /// Index of the phase.
    public var index: Int
    /// The phase.
    public var phase: Phase
    /// Its first step.
    public var firstStep: Int
    /// Its number of steps.
    public var steps: Int

    /// The first step after it.
    public var endStep: Int { firstStep + steps }
  }

  /// The number of steps that the phases' own lengths ask for, or nil when they are fractions.
  public func naturalSteps(stepsPerEpoch: Int) -> Int? {
    var total = 0.0
    for phase in phases {
      switch phase.length {
      case .fraction: return nil
      case .epochs(let epochs): total += epochs * Double(stepsPerEpoch)
      case .steps(let steps): total += Double(steps)
      }
    }
    return Int(total.rounded())
  }

  /// The phases scaled to a total number of steps, without gap: each in proportion to its length and
  /// at least one step long.
  ///
  /// - Throws: `KirchhoffError` when there are fewer steps than phases.
  public func spans(totalSteps: Int) throws -> [Span] {
    guard totalSteps >= phases.count else {
      throw KirchhoffError(
        .config, subject: "schedule \"\(name)\"", place: "steps", found: "\(totalSteps)",
        expected: "at least \(phases.count), one for each phase")
    }
    let sum = phases.reduce(0) { $0 + $1.length.amount }
    var spans: [Span] = []
    var before = 0.0
    var first = 0
    for (index, phase) in phases.enumerated() {
      before += phase.length.amount
      let left = phases.count - index - 1
      let ideal = Int((before / sum * Double(totalSteps)).rounded())
      let end = left == 0 ? totalSteps : min(max(ideal, first + 1), totalSteps - left)
      spans.append(Span(index: index, phase: phase, firstStep: first, steps: end - first))
      first = end
    }
    return spans
  }
}

extension PhaseSchedule: ConfigurationValue {
  /// Checks every rule of the schedule.
  ///
  /// - Throws: `KirchhoffError` that names the key path, what was found and what was expected.
  public func validate() throws {
    do {
      try check()
    } catch let error as FieldError {
      throw error.error(subject: "schedule \"\(name)\"")
    }
  }
}

/// What a schedule says about one step.
public struct ScheduledStep: Hashable, Sendable {
  /// The phase with its place.
  public var span: PhaseSchedule.Span
  /// The step within the phase.
  public var stepInPhase: Int
  /// Where on the learning-rate curve the step is, from 0 to below 1.
  public var curvePosition: Double
  /// The phase's factor on the learning rate, warm-up included.
  public var lrFactor: Double

  /// Whether the phase begins with this step.
  public var beginsPhase: Bool { stepInPhase == 0 }
}

extension [PhaseSchedule.Span] {
  /// What the schedule says about a step; nil after the end.
  public func at(step: Int) -> ScheduledStep? {
    guard step >= 0, let total = last?.endStep,
      let span = first(where: { step < $0.endStep })
    else { return nil }
    let within = step - span.firstStep
    let phase = span.phase
    let warmSteps = (phase.warmUp * Double(span.steps)).rounded()
    let warm = Double(within) < warmSteps ? Double(within + 1) / warmSteps : 1
    return ScheduledStep(
      span: span, stepInPhase: within,
      curvePosition: phase.restartsCurve
        ? Double(within) / Double(span.steps) : Double(step) / Double(total),
      lrFactor: phase.lrScale * warm)
  }
}
