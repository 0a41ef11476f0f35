import Autodiff
import Foundation
import NN
import Runtime
import Tensor
import Testing

/// Optimisers against the formulas of their papers, one weight at a time in double precision.
@Suite struct OptimizerTests {
  /// Three tensors: with decay, without, and of a group that a test can freeze.
  private struct Model {
    let store = ParameterStore()
    let gradients: Gradients

    init() {
      for (name, decays, group) in [("a", true, "x"), ("b", false, "x"), ("c", true, "y")] {
        _ = store.declare(
          name, shape: [5, 7], initializer: .gaussian(standardDeviation: 1), decays: decays,
          group: group)
      }
      store.finish(seed: 2)
      gradients = Gradients(for: store)
    }

    /// The gradient of a step: a few are far larger than the rest.
    func fillGradients(step: Int) {
      let stream = RandomStream(seed: 6, stream: UInt64(step))
      for entry in store.entries {
        for i in entry.parameter.offset..<entry.parameter.offset + entry.parameter.shape.count {
          let value = stream.gaussian(at: UInt64(i))
          gradients.values[i] = i % 9 == 0 ? 10 * value : value
        }
      }
    }
  }

  /// One weight of the reference, with the state of its rule.
  fileprivate struct Weight {
    var value: Double
    var first = 0.0
    var second = 0.0
  }

  struct Rule: Sendable, CustomTestStringConvertible {
    enum Kind: Sendable {
      case sgd(momentum: Double, nesterov: Bool)
      case adamw(beta1: Double, beta2: Double, epsilon: Double)
    }

    var name: String
    var kind: Kind
    var decay: Double
    var clip = GradientClip()

    var testDescription: String { name }

    func make(_ store: ParameterStore) -> any Optimizer {
      switch kind {
      case .sgd(let momentum, let nesterov):
        SGD(
          for: store, momentum: Float(momentum), nesterov: nesterov, weightDecay: Float(decay))
      case .adamw(let beta1, let beta2, let epsilon):
        AdamW(
          for: store, betas: (Float(beta1), Float(beta2)), epsilon: Float(epsilon),
          weightDecay: Float(decay))
      }
    }

    // Sutskever et al. (ICML 2013) as PyTorch writes it; Loshchilov and Hutter (ICLR 2019),
    // algorithm 2.
    fileprivate func step(
      _ weight: inout Weight, _ gradient: Double, rate: Double, decays: Bool, step: Int
    ) {
      let decay = decays ? decay : 0
      switch kind {
      case .sgd(let momentum, let nesterov):
        let slope = gradient + decay * weight.value
        weight.first = momentum * weight.first + slope
        weight.value -= rate * (nesterov ? slope + momentum * weight.first : weight.first)
      case .adamw(let beta1, let beta2, let epsilon):
        weight.first = beta1 * weight.first + (1 - beta1) * gradient
        weight.second = beta2 * weight.second + (1 - beta2) * gradient * gradient
        let mean = weight.first / (1 - pow(beta1, Double(step)))
        let variance = weight.second / (1 - pow(beta2, Double(step)))
        weight.value *= 1 - rate * decay
        weight.value -= rate * mean / (variance.squareRoot() + epsilon)
      }
    }
  }

  static let rules: [Rule] = {
    let adam = Rule.Kind.adamw(beta1: 0.9, beta2: 0.999, epsilon: 1e-8)
    let nesterov = Rule.Kind.sgd(momentum: 0.9, nesterov: true)
    return [
      Rule(name: "sgd", kind: .sgd(momentum: 0, nesterov: false), decay: 0),
      Rule(name: "sgd, momentum", kind: .sgd(momentum: 0.9, nesterov: false), decay: 0.1),
      Rule(name: "sgd, Nesterov", kind: nesterov, decay: 0.1),
      Rule(name: "adamw", kind: adam, decay: 0.1),
      Rule(
        name: "adamw, large epsilon", kind: .adamw(beta1: 0.8, beta2: 0.99, epsilon: 0.1),
        decay: 0),
      Rule(name: "clip by value", kind: nesterov, decay: 0.1, clip: GradientClip(value: 0.5)),
      Rule(name: "clip by norm", kind: nesterov, decay: 0.1, clip: GradientClip(norm: 3)),
      Rule(name: "norm not reached", kind: nesterov, decay: 0, clip: GradientClip(norm: 1e4)),
      Rule(name: "norm, then value", kind: adam, decay: 0, clip: GradientClip(value: 0.1, norm: 9)),
    ]
  }()

  @Test("Ten steps are those of the formula", arguments: rules)
  func formula(_ rule: Rule) {
    let model = Model()
    var optimizer = rule.make(model.store)
    var reference = model.store.snapshot().map { Weight(value: Double($0)) }
    for step in 1...10 {
      model.fillGradients(step: step)
      var options = StepOptions(learningRate: 0.02)
      options.rateScales = ["y": 0.5]
      options.clip = rule.clip
      let slopes = model.store.entries.map { model.gradients.gradient($0.parameter).floats }
      let norm = slopes.joined().reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      let factor = rule.clip.norm.map { min(1, Double($0) / norm) } ?? 1
      optimizer.step(model.store, model.gradients, options)
      #expect(optimizer.stepCount == step)
      for (entry, slopes) in zip(model.store.entries, slopes) {
        for (i, slope) in slopes.enumerated() {
          let limit = rule.clip.value.map(Double.init) ?? .infinity
          rule.step(
            &reference[entry.parameter.offset + i],
            min(max(Double(slope) * factor, -limit), limit),
            rate: entry.group == "y" ? 0.01 : 0.02, decays: entry.decays, step: step)
        }
        #expect(
          model.gradients.gradient(entry.parameter).floats.allSatisfy { $0 == 0 },
          "gradients are zero after a step")
      }
    }
    for entry in model.store.entries {
      for (i, value) in model.store.value(entry.parameter).floats.enumerated() {
        let expected = reference[entry.parameter.offset + i].value
        // Ten steps of a few roundings of 6e-8 each, on weights and updates up to about 10.
        #expect(abs(Double(value) - expected) < 5e-6 * max(1, abs(expected)), "\(entry.name)")
      }
    }
  }

  @Test("Frozen groups keep weights and state, and their gradients are cleared", arguments: rules)
  func frozen(_ rule: Rule) {
    let model = Model()
    var optimizer = rule.make(model.store)
    let before = model.store.snapshot()
    let frozen = model.store.entries[2].parameter
    var options = StepOptions(learningRate: 0.1)
    options.frozenGroups = ["y"]
    model.fillGradients(step: 1)
    optimizer.step(model.store, model.gradients, options)
    #expect(
      model.store.value(frozen).floats
        == Array(before[frozen.offset..<frozen.offset + frozen.shape.count]))
    #expect(model.store.snapshot() != before)
    #expect(model.gradients.norm == 0)
    for (_, values) in optimizer.state {
      #expect(
        values.floats[frozen.offset..<frozen.offset + frozen.shape.count].allSatisfy { $0 == 0 })
    }
  }

  @Test("State that is saved and restored goes on with the same bits", arguments: rules)
  func restore(_ rule: Rule) throws {
    let (whole, parts) = (Model(), Model())
    var first = rule.make(whole.store)
    var second = rule.make(parts.store)
    for step in 1...6 {
      if step == 4 {
        let saved = Dictionary(
          uniqueKeysWithValues: second.state.map { ($0.name, $0.values.copy()) })
        let count = second.stepCount
        second = rule.make(parts.store)
        try second.restore(stepCount: count, state: saved)
      }
      for (model, isWhole) in [(whole, true), (parts, false)] {
        model.fillGradients(step: step)
        let options = StepOptions(learningRate: 0.02)
        if isWhole {
          first.step(model.store, model.gradients, options)
        } else {
          second.step(model.store, model.gradients, options)
        }
      }
    }
    #expect(whole.store.snapshot() == parts.store.snapshot())
    #expect(throws: KirchhoffError.self) { try second.restore(stepCount: 1, state: [:]) }
  }

  @Test("Clipping by norm scales all gradients alike")
  func clipByNorm() {
    let model = Model()
    model.fillGradients(step: 1)
    let before = model.store.entries.map { model.gradients.gradient($0.parameter).floats }
    let norm = model.gradients.clip(norm: 2)
    // Single-precision rounding, and the 1e-6 that keeps a division by zero away.
    #expect(abs(model.gradients.norm - 2) < 1e-5)
    for (entry, slopes) in zip(model.store.entries, before) {
      for (a, b) in zip(model.gradients.gradient(entry.parameter).floats, slopes) {
        #expect(abs(a - b * 2 / norm) < 1e-6)
      }
    }
    #expect(abs(model.gradients.clip(norm: 50) - 2) < 1e-5)
    #expect(abs(model.gradients.norm - 2) < 1e-5)
  }

  @Test("The average of weights follows its formula and changes places with them")
  func average() throws {
    let model = Model()
    var average = ExponentialAverage(of: model.store, decay: 0.9)
    var expected = model.store.snapshot().map(Double.init)
    var optimizer = SGD(for: model.store)
    for step in 1...5 {
      model.fillGradients(step: step)
      optimizer.step(model.store, model.gradients, StepOptions(learningRate: 0.1))
      average.update(from: model.store)
      for (i, value) in model.store.snapshot().enumerated() {
        expected[i] = 0.9 * expected[i] + 0.1 * Double(value)
      }
    }
    for (found, expected) in zip(average.values.floats, expected) {
      // Five steps of two roundings on values up to about 10.
      #expect(abs(Double(found) - expected) < 5e-6)
    }
    let (weights, averages) = (model.store.snapshot(), average.values.floats)
    average.swap(with: model.store)
    #expect(model.store.snapshot() == averages && average.values.floats == weights)
    average.swap(with: model.store)
    #expect(model.store.snapshot() == weights && average.values.floats == averages)
    try average.restore(Tensor(repeating: 3, shape: [model.store.floatCount]))
    #expect(average.values.floats.allSatisfy { $0 == 3 })
  }
}
