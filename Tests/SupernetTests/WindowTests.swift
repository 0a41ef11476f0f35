import Kirchhoff
import Testing

/// A subnet is a window into the shared weights: it reads nothing else and writes no gradient
/// elsewhere.
@Suite struct WindowTests {
  @Test("Weights outside the window do not matter, and get no gradient", arguments: TinySpaces.all)
  func window(_ space: SupernetSpace) throws {
    try space.validate()
    let supernet = Supernet.random(space)
    let original = supernet.store.snapshot()
    let images = gaussianImages(3, side: space.resolutions.last!)
    for subnet in TinySpaces.subnets(space, random: 12) {
      let plan = try space.plan(for: subnet)
      let windows = SubnetWindows(plan, in: space, supernet.store)
      supernet.store.restore(original)
      let clean = learn(supernet, images, plan)
      #expect(clean.logits.floats.allSatisfy { $0.isFinite })
      for entry in supernet.store.entries {
        let mask = windows.mask(entry)
        let gradient = clean.gradients.gradient(entry.parameter).floats
        let outside = zip(gradient, mask).filter { !$0.1 && $0.0 != 0 }.count
        #expect(outside == 0, "\(subnet.id): \(outside) gradients outside of \(entry.name)")
        if mask.contains(true), !mayBeFlat(entry.name) {
          #expect(gradient.contains { $0 != 0 }, "\(subnet.id): no gradient in \(entry.name)")
        }
        var floats = supernet.store.value(entry.parameter).floats
        for i in floats.indices where !mask[i] { floats[i] = .nan }
        supernet.store.set(entry.parameter, to: Tensor(floats, shape: entry.parameter.shape))
      }
      let poisoned = learn(supernet, images, plan)
      #expect(poisoned.logits.hasSameBits(as: clean.logits), "\(subnet.id) reads outside")
      for entry in supernet.store.entries {
        #expect(
          poisoned.gradients.gradient(entry.parameter)
            .hasSameBits(as: clean.gradients.gradient(entry.parameter)),
          "\(subnet.id): the gradient of \(entry.name) depends on weights outside")
      }
    }
  }

  /// Units behind a relu can all be off.
  private func mayBeFlat(_ name: String) -> Bool { name.contains("squeeze_excite") }

  private func learn(
    _ supernet: Supernet, _ images: Tensor, _ plan: NetworkPlan
  ) -> (logits: Tensor, gradients: Gradients) {
    let tape = Tape()
    let gradients = Gradients(for: supernet.store)
    let context = Context(
      store: supernet.store, norms: supernet.makeNormStatistics(), gradients: gradients,
      tape: tape, mode: .training)
    let logits = context.materialized(
      supernet.logits(
        Variable(constant: resized(images, side: plan.resolution)), plan: plan, in: context))
    tape.backward(from: context.crossEntropy(logits, labels: [0, 1, 3]))
    return (logits.tensor, gradients)
  }
}
