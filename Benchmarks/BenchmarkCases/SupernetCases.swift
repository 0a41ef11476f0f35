import CKernels
import Kirchhoff
import Tensor

/// The whole sandwich step and the inference of `compact`, as the peers' supernet script has them.
enum SupernetCases {
  static let all: [BenchmarkCase] = ["mnist28", "cifar32"].flatMap { data in
    [64, 128].flatMap { batch in
      ["sandwich", "max_step", "min_step", "max_infer"].map { kind in
        supernet(data, batch: batch, kind: kind)
      }
    }
  }

  private static func supernet(_ data: String, batch: Int, kind: String) -> BenchmarkCase {
    BenchmarkCase(
      "supernet.\(data).b\(batch).nhwc.f32.\(kind)", unit: "images/s", work: Double(batch),
      operations: operations(data, kind) * Double(batch)
    ) {
      let bench = try SupernetBench(data, batch: batch)
      return BenchmarkCase.Prepared(
        verify: { try SupernetBench(data, batch: 4).verify(kind) }, run: { bench.run(kind) })
    }
  }

  /// Two operations a MAC; forward and backward count three times the forward pass.
  private static func operations(_ data: String, _ kind: String) -> Double {
    guard let space = try? SupernetBench.space(data) else { return 0 }
    func macs(_ subnet: Subnet) -> Double {
      Double((try? space.plan(for: subnet).cost.macs) ?? 0)
    }
    switch kind {
    case "sandwich": return 6 * SupernetBench.sandwich(space).reduce(0) { $0 + macs($1) }
    case "max_step": return 6 * macs(space.largest)
    case "min_step": return 6 * macs(space.smallest)
    default: return 2 * macs(space.largest)
    }
  }
}

/// `compact` on random images, with AdamW.
final class SupernetBench {
  private let supernet: Supernet
  private let gradients: Gradients
  private let norms: NormStatistics
  private let images: Tensor
  private let labels: [Int32]
  private let plans: [NetworkPlan]
  private let smallest: NetworkPlan
  private var optimizer: AdamW

  static func space(_ data: String) throws -> SupernetSpace {
    let space = try SupernetSpace.preset("compact")
    return data == "mnist28"
      ? space : try space.adapted(resolutions: [32], inputChannels: 3, classes: 10)
  }

  /// The largest subnet, the peers' first two random ones, the smallest.
  static func sandwich(_ space: SupernetSpace) -> [Subnet] {
    [space.largest] + random(space) + [space.smallest]
  }

  private static func random(_ space: SupernetSpace) -> [Subnet] {
    [
      "s16_c16-k5e4-k5e5_c24-k5e5-k5e4-k5e5_c48-k3e6-k3e4-k5e3_c128-h3m2-h2m3_c160-h5m2",
      "s16_c16-k5e6-k5e5_c24-k5e4-k3e3-k3e3_c64-k5e6-k3e5_c64-h3m2_c128-h5m2",
    ].map { id in
      guard let subnet = try? Subnet(id: "r\(space.resolutions[0])_\(id)"), space.contains(subnet)
      else { preconditionFailure("\(id) is not a subnet of \(space.name)") }
      return subnet
    }
  }

  init(_ data: String, batch: Int) throws {
    let space = try SupernetBench.space(data)
    supernet = Supernet(space: space, seed: 1)
    gradients = Gradients(for: supernet.store)
    norms = supernet.makeNormStatistics(momentum: 0.1)
    let random = RandomStream(seed: 2)
    let side = space.resolutions[0]
    images = Tensor.gaussian([batch, side, side, space.inputChannels], from: random)
    labels = (0..<batch).map { Int32(random.derived("labels").integer(at: UInt64($0), below: 10)) }
    plans = try SupernetBench.sandwich(space).map { try space.plan(for: $0) }
    smallest = try space.plan(for: space.smallest)
    optimizer = AdamW(for: supernet.store, weightDecay: 0.05)
  }

  func run(_ kind: String) {
    switch kind {
    case "sandwich":
      let teacher = learn(plans[0], teacher: nil)
      for plan in plans.dropFirst() { learn(plan, teacher: teacher) }
      update()
    case "max_step":
      learn(plans[0], teacher: nil)
      update()
    case "min_step":
      learn(smallest, teacher: nil)
      update()
    default:
      _ = supernet.classify(images, plan: plans[0], norms: norms)
    }
  }

  @discardableResult
  private func learn(_ plan: NetworkPlan, teacher: Tensor?) -> Tensor {
    let tape = Tape()
    let context = Context(
      store: supernet.store, norms: norms, gradients: gradients, tape: tape, mode: .training)
    let logits = supernet.logits(Variable(constant: images), plan: plan, in: context)
    let loss =
      teacher.map {
        context.softCrossEntropy(logits, target: context.softmax(Variable(constant: $0)).tensor)
      } ?? context.crossEntropy(logits, labels: labels)
    tape.backward(from: loss)
    return logits.tensor
  }

  private func update() {
    optimizer.step(supernet.store, gradients, StepOptions(learningRate: 1e-3))
  }

  /// Compares logits, or all gradients, with the plain kernels.
  func verify(_ kind: String) -> BenchmarkCase.Verification {
    func result() -> [Float] {
      if kind == "max_infer" {
        return supernet.classify(images, plan: plans[0], norms: norms).floats
      }
      gradients.clear()
      switch kind {
      case "sandwich":
        let teacher = learn(plans[0], teacher: nil)
        for plan in plans.dropFirst() { learn(plan, teacher: teacher) }
      case "max_step": learn(plans[0], teacher: nil)
      default: learn(smallest, teacher: nil)
      }
      return supernet.store.entries.flatMap { gradients.gradient($0.parameter).floats }
    }
    let instructionSet = kk_isa()
    let fast = result()
    kk_isa_set(KK_ISA_REFERENCE)
    let plain = result()
    kk_isa_set(instructionSet)
    // Batch norms over four images amplify rounding from layer to layer.
    return BenchmarkCase.Verification(error: relativeError(fast, plain), tolerance: 2e-3)
  }
}
