import Kirchhoff
import Testing

/// The conflict meter, and the projection that answers it.
@Suite struct ConflictTests {
  /// A phase's restriction may leave no transformers; or it trains nothing that both kinds share.
  private func offersBothKinds(_ phase: Phase, _ space: SupernetSpace) -> Bool {
    let part = space.restricted(by: phase.restriction)
    let shared: Set<ParameterGroup> = [.stem, .mbconv, .entry, .head]
    return part.largestConvolutional != part.mostTransformers
      && !shared.isSubset(of: phase.frozen)
  }

  @Test(
    "Convolutions are compared with transformers in every phase that has both",
    arguments: PhaseSchedule.presetNames, TinySpaces.all)
  func blockKinds(_ name: String, _ space: SupernetSpace) throws {
    let trainer = try SupernetTrainer(.tiny(.preset(name), steps: 12), space: space)
    let loader = try BatchLoader.tiny()
    var phases = 0
    for span in trainer.spans {
      try trainer.train(span.steps, loader)
      let pairs = Set(trainer.meter.summary(trainer.supernet.store).map(\.pair))
      #expect(pairs.contains("cnn|vit") == offersBothKinds(span.phase, space), "\(span.phase.name)")
      phases += pairs.contains("cnn|vit") ? 1 : 0
    }
    #expect(phases > 0)
  }

  @Test("A restricted phase compares nothing that it does not train")
  func restrictedPhase() throws {
    let trainer = try SupernetTrainer(
      .tiny(.preset("cnn-first"), steps: 4), space: TinySpaces.hybrid)
    try trainer.train(2, .tiny())
    let groups = Set(trainer.meter.summary(trainer.supernet.store).map(\.blockKind))
    #expect(groups == ["stem", "mbconv", "head"])
  }

  @Test("Measuring changes nothing that is trained", arguments: PhaseSchedule.presetNames)
  func measuringIsSilent(_ name: String) throws {
    let weights = try [0, 1].map { every in
      var config = TrainingConfig.tiny(.preset(name), steps: 8)
      config.conflict.every = every
      let trainer = try SupernetTrainer(config, space: TinySpaces.hybrid)
      try trainer.train(8, .tiny())
      return trainer.supernet.store.snapshot().map(Double.init)
    }
    // Measured gradients go through a buffer of their own, so their sums are rounded in another
    // order; AdamW makes full steps of roundings where a gradient is all but zero.
    for (a, b) in zip(weights[0], weights[1]) { #expect(abs(a - b) < 0.02) }
  }

  @Test("The cosine of a tensor is that of its two gradients; unused tensors are left out")
  func cosines() throws {
    let store = ParameterStore()
    let a = store.declare(
      "a", shape: [2], initializer: .constant(0), decays: false, group: "mbconv")
    let b = store.declare("b", shape: [3], initializer: .constant(0), decays: false, group: "vit")
    store.finish(seed: 1)
    var meter = ConflictMeter()
    func gradients(_ values: [Float], _ others: [Float]) -> Gradients {
      let gradients = Gradients(for: store)
      for (i, value) in values.enumerated() { gradients.values[a.offset + i] = value }
      for (i, value) in others.enumerated() { gradients.values[b.offset + i] = value }
      return gradients
    }
    meter.measure("x|y", gradients([3, 4], [1, 0, 0]), gradients([4, 3], [0, 0, 0]), store)
    meter.measure("x|y", gradients([1, 0], [1, 0, 0]), gradients([-2, 0], [0, 0, 0]), store)
    let summary = meter.summary(store)
    #expect(summary.count == 1)
    #expect(summary[0].blockKind == "mbconv" && summary[0].samples == 2 && summary[0].tensors == 1)
    // (24/25 − 1) / 2; exact but for the rounding of the root.
    #expect(abs(summary[0].cosine + 0.02) < 1e-12)
    #expect(summary[0].negativeShare == 0.5)
  }

  struct ProjectionRow: Sendable {
    let sub: [Float]
    let sup: [Float]
    let combined: [Double]
  }

  static let projections = [
    ProjectionRow(sub: [1, 0], sup: [1, 1], combined: [2, 1]),
    ProjectionRow(sub: [1, 0], sup: [-1, 1], combined: [0.999999, 1]),
    ProjectionRow(sub: [1, 0], sup: [-5, 1], combined: [-2, 1]),
    ProjectionRow(sub: [0, 0], sup: [-5, 1], combined: [-5, 1]),
  ]

  @Test("The projection has its published values", arguments: projections.indices)
  func projection(_ index: Int) {
    let row = Self.projections[index]
    let store = ParameterStore()
    // The first tensor conflicts or not; the second one, untouched by it, just adds up.
    let first = store.declare("a", shape: [2], initializer: .constant(0), decays: true)
    let second = store.declare("b", shape: [1], initializer: .constant(0), decays: true)
    store.finish(seed: 1)
    let (sub, sup) = (Gradients(for: store), Gradients(for: store))
    for i in 0..<2 {
      sub.values[first.offset + i] = row.sub[i]
      sup.values[first.offset + i] = row.sup[i]
    }
    sub.values[second.offset] = 2
    sup.values[second.offset] = 3
    sub.combine(withLargest: sup, projection: Projection(), over: store)
    for (found, expected) in zip(sub.gradient(first).floats, row.combined) {
      // Rounding of (1 + a) in single precision.
      #expect(abs(Double(found) - expected) < 2e-7 * max(1, abs(expected)))
    }
    #expect(sub.gradient(second).floats == [5])
  }

  @Test("The combination does not go against the subnets while the clamp is not reached")
  func projectionKeepsTheSubnets() {
    let store = ParameterStore()
    let parameter = store.declare("a", shape: [8], initializer: .constant(0), decays: true)
    store.finish(seed: 1)
    for seed in 0..<200 {
      let (sub, sup) = (Gradients(for: store), Gradients(for: store))
      let stream = RandomStream(seed: UInt64(seed))
      for i in 0..<8 {
        sub.values[i] = stream.gaussian(at: UInt64(i))
        sup.values[i] = 2 * stream.gaussian(at: UInt64(i + 8))
      }
      let before = sub.gradient(parameter).floats.map(Double.init)
      let squares = before.reduce(0) { $0 + $1 * $1 }
      let ratio =
        -zip(before, sup.gradient(parameter).floats).reduce(0) { $0 + $1.0 * Double($1.1) }
        / squares
      sub.combine(withLargest: sup, projection: Projection(), over: store)
      let product = zip(before, sub.gradient(parameter).floats).reduce(0) {
        $0 + $1.0 * Double($1.1)
      }
      // (1 + a − ratio)·‖g_sub‖² with a = min(max(ratio, 0), 2); rounding of eight terms.
      let expected = (1 + min(max(ratio, 0), 2) - ratio) * squares
      #expect(abs(product - expected) < 1e-4)
      if ratio <= 3 { #expect(product > -1e-4) }
    }
  }
}
