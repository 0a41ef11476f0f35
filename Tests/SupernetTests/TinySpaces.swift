import Kirchhoff

/// Search spaces of a few thousand weights that together have every kind of layer.
enum TinySpaces {
  /// Squeeze-excite, a choice of block kind by slot, elastic values, relative positions, switchable
  /// scaling.
  static let hybrid = SupernetSpace(
    name: "tiny-hybrid", resolutions: [8], inputChannels: 1, classes: 4,
    stem: Stem(widths: [4, 8]),
    stages: [
      Stage(
        widths: [8, 12], depths: [1, 2], stride: 2, slots: [[.mbconv]],
        mbconv: MBConvOptions(kernels: [3, 5], expands: [2, 3], squeezeExcite: true)),
      Stage(
        widths: [16, 24], depths: [1, 2, 3], slots: [[.mbconv], [.mbconv, .vit]],
        mbconv: MBConvOptions(kernels: [3, 5], expands: [1, 2]),
        vit: VitOptions(
          headDim: 8, mlp: [1, 2], value: [1, 2], relativePosition: true,
          switchableScaling: true)),
    ])

  /// Stages with an entry convolution and elastic heads, as in `compact`; no switchable scaling.
  static let entry = SupernetSpace(
    name: "tiny-entry", resolutions: [8], inputChannels: 1, classes: 4,
    stem: Stem(widths: [8]),
    stages: [
      Stage(
        widths: [8, 16], depths: [1, 2], stride: 2, slots: [[.mbconv]],
        mbconv: MBConvOptions(kernels: [3, 5, 7], expands: [2, 4])),
      Stage(
        widths: [12, 16], depths: [1, 2], entry: EntryConvolution(kernel: 1), slots: [[.vit]],
        vit: VitOptions(headDim: 4, heads: [1, 2, 3], mlp: [1, 2])),
      Stage(
        widths: [16, 20], depths: [1, 2], stride: 2, entry: EntryConvolution(kernel: 3),
        slots: [[.vit]], vit: VitOptions(headDim: 4, heads: [2, 3], mlp: [1, 1.5])),
    ])

  /// Choices by stage, projected shortcuts, talking heads, joint norms, wide values with a depthwise
  /// convolution and the mixed head, as in `nasvit`; two resolutions.
  static let nasvit = SupernetSpace(
    name: "tiny-nasvit", resolutions: [8, 12], inputChannels: 1, classes: 4, middle: .divisible,
    stem: Stem(widths: [8, 16], activation: .swish),
    stages: [
      Stage(
        widths: [8, 16], depths: [1, 2], stride: 2, slots: [[.mbconv]],
        mbconv: MBConvOptions(
          kernels: [3, 5], expands: [2, 3], scope: .stage, squeezeExcite: true, activation: .swish,
          shortcut: .projected)),
      Stage(
        widths: [16, 24], depths: [1, 2, 3], slots: [[.mbconv], [.vit]],
        mbconv: MBConvOptions(
          kernels: [3], expands: [2], scope: .stage, activation: .swish, shortcut: .projected),
        vit: VitOptions(
          headDim: 8, mlp: [1], mlps: 2, value: [2], scope: .stage, valueKernel: 3,
          talkingHeads: true, relativePosition: true, positionSide: 6,
          attentionActivation: .swish, activation: .swish, norm: .joint,
          switchableScaling: true)),
    ],
    head: .mixed(expand: 2, widths: [24, 32], activation: .swish))

  static let all = [hybrid, entry, nasvit]

  /// The largest, the smallest, the largest CNN-only and some random subnets.
  static func subnets(_ space: SupernetSpace, random: Int) -> [Subnet] {
    [space.largest, space.smallest, space.largestConvolutional]
      + (0..<random).map { space.randomSubnet(RandomStream(seed: 5, stream: UInt64($0))) }
  }
}

extension Supernet {
  /// A network whose constants (biases, norms, scaling tables) are random too, so that no part of it
  /// is hidden behind a zero.
  static func random(_ space: SupernetSpace, seed: UInt64 = 3) -> Supernet {
    let supernet = Supernet(space: space, seed: seed)
    for entry in supernet.store.entries where !entry.decays {
      let stream = RandomStream(seed: seed).derived(entry.name)
      let centre = supernet.store.value(entry.parameter).floats[0] == 1 ? 1 : 0
      supernet.store.set(
        entry.parameter,
        to: Tensor.gaussian(
          entry.parameter.shape, mean: Float(centre), deviation: 0.2, from: stream))
    }
    return supernet
  }

  /// The logits of a subnet on `images`, with batch statistics.
  func trainingLogits(_ images: Tensor, _ subnet: Subnet, vitScale: Float = 1) throws -> Tensor {
    let plan = try space.plan(for: subnet)
    let context = Context(store: store, norms: makeNormStatistics(), mode: .training)
    let logits = logits(
      Variable(constant: resized(images, side: plan.resolution)), plan: plan, vitScale: vitScale,
      in: context)
    return context.materialized(logits).tensor
  }
}

/// The largest difference over the largest element of `expected`.
func relativeDifference(_ found: Tensor, _ expected: Tensor) -> Double {
  var worst = 0.0
  var size = 1e-30
  for (a, b) in zip(found.floats, expected.floats) {
    worst = a.isFinite && b.isFinite ? max(worst, Double(abs(a - b))) : .infinity
    size = max(size, Double(abs(b)))
  }
  return worst / size
}

/// Gaussian images `[batch, side, side, 1]`.
func gaussianImages(_ batch: Int, side: Int = 8, seed: UInt64 = 9) -> Tensor {
  Tensor.gaussian([batch, side, side, 1], from: RandomStream(seed: seed))
}
