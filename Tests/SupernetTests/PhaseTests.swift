import Kirchhoff
import Testing

/// The phase presets in action.
@Suite struct PhaseTests {
  /// Weights that move together or not at all: a group, and in stages the block kind of a slot.
  private struct Part: Hashable {
    var group: String
    var stage: Int?
    var slot: Int?
  }

  private func parts(_ store: ParameterStore) -> [Part: [Parameter]] {
    var parts: [Part: [Parameter]] = [:]
    for entry in store.entries {
      let words = entry.name.split(separator: ".")
      func number(_ word: Int, _ prefix: String) -> Int? {
        words.count > word && words[word].hasPrefix(prefix)
          ? Int(words[word].dropFirst(prefix.count)) : nil
      }
      let part = Part(
        group: entry.group, stage: number(0, "stage"), slot: number(1, "slot"))
      parts[part, default: []].append(entry.parameter)
    }
    return parts
  }

  /// Whether a phase may change a part.
  private func mayMove(_ part: Part, _ phase: Phase, _ space: SupernetSpace) -> Bool {
    if phase.frozen.contains(where: { $0.rawValue == part.group }) { return false }
    guard let stage = part.stage, let slot = part.slot else { return true }
    let allowed = space.restricted(by: phase.restriction).stages[stage].kinds(ofSlot: slot)
    return allowed.contains { $0.rawValue == part.group }
  }

  @Test(
    "Every preset trains what its phases allow and nothing else",
    arguments: PhaseSchedule.presetNames, [TinySpaces.hybrid, TinySpaces.entry])
  func presets(_ name: String, _ space: SupernetSpace) throws {
    let config = TrainingConfig.tiny(.preset(name), steps: 24)
    let trainer = try SupernetTrainer(config, space: space)
    let loader = try BatchLoader.tiny()
    let store = trainer.supernet.store
    let parts = parts(store)
    var moved = Set<Part>()
    for span in trainer.spans {
      let phase = span.phase
      var movedHere = Set<Part>()
      for step in span.firstStep..<span.endStep {
        // At its start a phase may set scales and sort channels.
        var before = store.snapshot()
        try trainer.train(1, loader) { outcome in
          #expect(outcome.phase == phase.name)
          for loss in outcome.losses.values { #expect(loss.isFinite) }
        }
        if step == span.firstStep {
          before = store.snapshot()
          continue
        }
        for (part, parameters) in parts {
          let changed = parameters.contains { parameter in
            store.value(parameter).floats
              != Array(before[parameter.offset..<parameter.offset + parameter.shape.count])
          }
          if changed { movedHere.insert(part) }
        }
      }
      for part in movedHere {
        #expect(mayMove(part, phase, space), "\(part) moved in phase \(phase.name)")
      }
      moved.formUnion(movedHere)
    }
    #expect(trainer.isFinished)
    // The largest network alone never takes the blocks that the space offers instead of its own.
    #expect(moved == Set(parts.keys) || name == "alone", "some weights never move")
  }

  @Test("Frozen weights stay while the others learn from the first step on")
  func freeze() throws {
    let trainer = try SupernetTrainer(
      .tiny(.preset("cnn-first-freeze"), steps: 20), space: TinySpaces.hybrid)
    let loader = try BatchLoader.tiny()
    let store = trainer.supernet.store
    try trainer.train(10, loader)
    let before = store.snapshot()
    try trainer.train(1, loader) { #expect($0.phase == "insert") }
    var moved = 0
    for entry in store.entries {
      let range = entry.parameter.offset..<entry.parameter.offset + entry.parameter.shape.count
      let isSame = store.value(entry.parameter).floats == Array(before[range])
      if entry.group == "vit" {
        moved += isSame ? 0 : 1
      } else {
        #expect(isSame, "\(entry.name) is frozen")
      }
    }
    #expect(moved > 0)
  }

  @Test("The learning rate of a step is that of the schedule", arguments: [7, 60, 900])
  func learningRates(steps: Int) throws {
    var config = TrainingConfig.tiny(steps: steps)
    config.learningRate = LearningRateSchedule(base: 1, decay: .linear, warmUpSteps: 3)
    config.schedule = .phases(
      PhaseSchedule(name: "one", phases: [Phase("all", sampler: .largest)]))
    let trainer = try SupernetTrainer(config, space: TinySpaces.hybrid)
    for step in 0..<steps {
      #expect(
        trainer.learningRate(of: step) == config.learningRate.rate(step: step, of: steps))
    }
  }

  @Test("A frozen teacher is the largest network as it was when the first phase asked for it")
  func frozenTeacher() throws {
    let schedule = try PhaseSchedule.preset("progressive-shrinking")
    let trainer = try SupernetTrainer(
      .tiny(.phases(schedule), steps: 30), space: TinySpaces.hybrid)
    let loader = try BatchLoader.tiny()
    let end = trainer.spans[0].endStep
    try trainer.train(end, loader)
    #expect(trainer.teacher == nil)
    let learned = trainer.supernet.store.snapshot()
    for span in trainer.spans.dropFirst() {
      try trainer.train(span.steps, loader)
      #expect(trainer.teacher?.store.snapshot() == learned, "in phase \(span.phase.name)")
    }
  }
}
