import Foundation
import Runtime
import SearchSpace
import Testing

@Test("A schedule reads back from its YAML and JSON", arguments: PhaseSchedule.presetNames)
func schedulesReadBack(_ name: String) throws {
  let schedule = try PhaseSchedule.preset(name)
  try schedule.validate()
  #expect(schedule.name == name)
  #expect(try PhaseSchedule(yaml: schedule.yaml(), file: "schedule.yaml") == schedule)
  let json = try JSONEncoder().encode(schedule)
  #expect(try JSONDecoder().decode(PhaseSchedule.self, from: json) == schedule)
}

@Test("Every sampler reads back from YAML")
func samplersReadBack() throws {
  let choices: [SamplerChoice] = [
    .largest, .uniform(count: 3), .sandwich(random: 1),
    .attentive(AttentiveOptions(random: 1, candidates: 4, pick: .worst, binMACs: 9, samples: 200)),
    .banks(
      BankOptions(
        limits: [10, 20], toleranceMACs: 3, networks: 2, candidates: 6, memory: 7,
        memoryProbability: 0.5, memoryRise: 0.25, memoryRiseSteps: 8, samples: 300)),
  ]
  for choice in choices {
    let schedule = PhaseSchedule(
      name: "one",
      phases: [
        Phase(
          "only", restriction: Restriction(mbconv: .identity, windows: [.width: .smallest(2)]),
          sampler: choice, distillation: Distillation(loss: .alpha, teacher: .file("a/b.st")),
          insertionScale: 0)
      ])
    #expect(try PhaseSchedule(yaml: schedule.yaml(), file: "schedule.yaml") == schedule)
  }
}

@Test(
  "Phases scale to any number of steps without gap", arguments: PhaseSchedule.presetNames,
  [6, 7, 100, 590, 12345])
func spansCover(_ name: String, _ steps: Int) throws {
  let schedule = try PhaseSchedule.preset(name)
  let spans = try schedule.spans(totalSteps: steps)
  #expect(spans.map(\.phase) == schedule.phases)
  #expect(spans[0].firstStep == 0 && spans[spans.count - 1].endStep == steps)
  for (a, b) in zip(spans, spans.dropFirst()) { #expect(a.endStep == b.firstStep) }
  let total = schedule.phases.reduce(0) { $0 + $1.length.amount }
  for span in spans {
    #expect(span.steps >= 1)
    let ideal = span.phase.length.amount / total * Double(steps)
    // Both ends are rounded; short schedules also give up a step to each empty phase.
    #expect(abs(Double(span.steps) - ideal) <= (steps < 100 ? 3 : 1))
  }
  #expect(throws: KirchhoffError.self) { try schedule.spans(totalSteps: spans.count - 1) }
}

@Test("Natural lengths")
func naturalLengths() throws {
  #expect(PhaseSchedule.joint.naturalSteps(stepsPerEpoch: 10) == nil)
  #expect(PhaseSchedule.progressiveShrinking.naturalSteps(stepsPerEpoch: 10) == 5900)
  let steps = PhaseSchedule(
    name: "s", phases: [Phase("a", length: .steps(30)), Phase("b", length: .steps(12))])
  #expect(steps.naturalSteps(stepsPerEpoch: 10) == 42)
  #expect(try steps.spans(totalSteps: 42).map(\.steps) == [30, 12])
}

@Test("Learning-rate factor, warm-up and curve of a step")
func scheduledSteps() throws {
  let schedule = PhaseSchedule(
    name: "two",
    phases: [
      Phase("a", length: .fraction(0.4), lrScale: 2, warmUp: 0.25),
      Phase("b", length: .fraction(0.6), lrScale: 0.5, restartsCurve: true),
    ])
  let spans = try schedule.spans(totalSteps: 20)
  let steps = try (0..<20).map { try #require(spans.at(step: $0)) }
  #expect(steps[0].lrFactor == 1 && steps[1].lrFactor == 2 && steps[7].lrFactor == 2)
  #expect(steps[8].lrFactor == 0.5)
  #expect(steps[4].curvePosition == 0.2)
  #expect(steps[8].curvePosition == 0 && steps[14].curvePosition == 0.5)
  #expect(steps.indices.filter { steps[$0].beginsPhase } == [0, 8])
  #expect(spans.at(step: 20) == nil && spans.at(step: -1) == nil)
}

@Test("What the presets of the reference say")
func presetContents() throws {
  let first = PhaseSchedule.cnnFirst.phases
  #expect(first[0].restriction == Restriction(vit: .identity))
  #expect(first[1].restriction == .none && first[1].insertionScale == 1e-4)
  #expect(PhaseSchedule.cnnFirstFreeze.phases[1].frozen == [.stem, .mbconv, .entry, .head])
  #expect(PhaseSchedule.jointProjection.phases[0].projection == Projection(clamp: 2, epsilon: 1e-6))
  #expect(PhaseSchedule.joint.phases.allSatisfy { $0.projection == nil })
  #expect(PhaseSchedule.vitFirst.phases[0].restriction.mbconv == .otherKinds)
}

@Test("Progressive shrinking opens kernel, depth and expansion one after another")
func progressiveShrinking() throws {
  let space = SupernetSpace.ofaMobileNetV3
  let parts = PhaseSchedule.progressiveShrinking.phases.map {
    space.restricted(by: $0.restriction)
  }
  func options(_ part: SupernetSpace) -> [[Int]] {
    let stage = part.stages[2]
    return [
      stage.mbconv?.kernels ?? [], stage.depths, (stage.mbconv?.expands ?? []).map { Int($0) },
    ]
  }
  #expect(options(parts[1]) == [[3, 5, 7], [4], [6]])
  #expect(options(parts[2]) == [[3, 5, 7], [3, 4], [6]])
  #expect(options(parts[3]) == [[3, 5, 7], [2, 3, 4], [6]])
  #expect(options(parts[4]) == [[3, 5, 7], [2, 3, 4], [4, 6]])
  #expect(options(parts[5]) == [[3, 5, 7], [2, 3, 4], [3, 4, 6]])
  #expect(parts[5].size == space.size)
  #expect(
    PhaseSchedule.progressiveShrinking.phases.map(\.sortsChannels) == [
      false, false, false, false, true, true,
    ])
}

private let twoPhases = """
  name: two
  phases:
    - name: cnn
      fraction: 0.5
      restriction: {vit: identity, kernel: largest 1}
      sampler: {kind: sandwich, random: 2}
      frozen: [head]
    - name: all
      fraction: 0.5
      projection: {clamp: 2}
      distillation: {loss: alpha}
  """

private let damages: [(from: String, to: String, says: [String])] = [
  ("phases:", "phase:", ["phase (line 2)", "\"phases\"?"]),
  ("frozen: [head]", "frozen: [hed]", ["phases[0].frozen[0] (line 7)", "\"head\"?"]),
  ("kind: sandwich", "kind: sandwhich", ["phases[0].sampler.kind (line 6)", "\"sandwich\"?"]),
  ("random: 2", "random: -1", ["phases[0].sampler.random (line 6)", "found -1", "at least 0"]),
  ("random: 2", "count: 2", ["phases[0].sampler.count", "expected one of random"]),
  ("largest 1", "largest 0", ["phases[0].restriction.kernel (line 5)", "\"largest 0\""]),
  ("vit: identity", "vit: gone", ["phases[0].restriction.vit (line 5)", "\"gone\""]),
  ("fraction: 0.5\n    restr", "epochs: 3\n    restr", ["phases[1]", "fraction", "epochs"]),
  ("fraction: 0.5\n    restr", "restr", ["phases[0]", "no length"]),
  ("fraction: 0.5\n    restr", "fraction: 0.4\n    restr", ["phases", "add up to 0.9"]),
  ("fraction: 0.5\n    restr", "fraction: 1.5\n    restr", ["phases[0].fraction (line 4)", "1.5"]),
  ("clamp: 2", "clamp: -2", ["phases[1].projection.clamp (line 10)", "found -2"]),
  ("loss: alpha", "loss: alfa", ["phases[1].distillation.loss (line 11)", "\"alpha\"?"]),
  ("loss: alpha", "teacher: you", ["phases[1].distillation.teacher (line 11)", "inPlace"]),
]

@Test("The undamaged schedule is read")
func readsSchedule() throws {
  let schedule = try PhaseSchedule(yaml: twoPhases, file: "two.yaml")
  #expect(schedule.phases[0].restriction.windows == [.kernel: .largest(1)])
  #expect(schedule.phases[1].distillation.loss == .alpha)
  #expect(schedule.phases[1].projection == Projection())
}

@Test(
  "A damaged schedule is refused with key path, line, found and expected",
  arguments: damages.indices)
func damagedSchedules(_ index: Int) throws {
  let damage = damages[index]
  let text = twoPhases.replacingOccurrences(
    of: damage.from, with: damage.to)
  #expect(text != twoPhases)
  do {
    _ = try PhaseSchedule(yaml: text, file: "two.yaml")
    Issue.record("accepted: \(text)")
  } catch let error as KirchhoffError {
    #expect(error.kind == .config && error.subject == "two.yaml")
    var rest = error.description[...]
    for words in damage.says {
      let range = rest.range(of: words)
      #expect(range != nil, "\"\(error.description)\" does not say \"\(words)\"")
      if let range { rest = rest[range.upperBound...] }
    }
  }
}

@Test("An unknown preset is refused with the nearest name")
func unknownPresets() {
  #expect { try PhaseSchedule.preset("cnn-frist") } throws: {
    ($0 as? KirchhoffError)?.hint == "did you mean \"cnn-first\"?"
  }
  #expect { try SupernetSpace.preset("compcat") } throws: {
    ($0 as? KirchhoffError)?.hint == "did you mean \"compact\"?"
  }
}
