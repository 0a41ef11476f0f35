import Foundation
import Kirchhoff

/// Spaces small enough to look at every member, which together use every kind of layer.
enum ExtractSpaces {
  /// MBConvs of all widths, kernels and expansions, with squeeze-excite; transformers with wide values
  /// and switchable scaling; a pooled head.
  static let hybrid = SupernetSpace(
    name: "tiny-hybrid", resolutions: [8], inputChannels: 1, classes: 3, stem: Stem(widths: [4]),
    stages: [
      Stage(
        widths: [4, 8], depths: [1, 2], stride: 2, slots: [[.mbconv]],
        mbconv: MBConvOptions(kernels: [3, 5], expands: [1, 2], squeezeExcite: true)),
      Stage(
        widths: [8, 16], depths: [1, 2], slots: [[.mbconv], [.mbconv, .vit]],
        mbconv: MBConvOptions(kernels: [3], expands: [2]),
        vit: VitOptions(
          headDim: 8, mlp: [1, 2], value: [1, 2], relativePosition: true, switchableScaling: true)),
    ])

  /// What the hybrid one lacks: two resolutions, projected shortcuts, entry convolutions, identities,
  /// heads as a choice, talking heads, a convolution of the values, joint norms, a mixed head.
  static let attention = SupernetSpace(
    name: "tiny-attention", resolutions: [8, 12], inputChannels: 2, classes: 3,
    middle: .divisible, stem: Stem(widths: [4, 8], activation: .swish),
    stages: [
      Stage(
        widths: [8, 12], depths: [1], stride: 2, slots: [[.mbconv]],
        mbconv: MBConvOptions(
          kernels: [3], expands: [1], scope: .stage, activation: .relu, shortcut: .projected)),
      Stage(
        widths: [8, 12], depths: [1, 2], entry: EntryConvolution(kernel: 3),
        slots: [[.identity, .vit], [.vit]],
        vit: VitOptions(
          headDim: 4, heads: [1, 3], mlp: [1], mlps: 2, value: [2], valueKernel: 3,
          talkingHeads: true, relativePosition: true, attentionActivation: .swish, norm: .joint)),
    ],
    head: .mixed(expand: 2, widths: [8, 16], activation: .hardswish))

  /// A supernet whose every weight differs, as after a training.
  static func supernet(_ space: SupernetSpace) -> Supernet {
    let supernet = Supernet(space: space, seed: 11)
    let stream = RandomStream(seed: 12)
    supernet.store.restore(
      supernet.store.snapshot().enumerated().map { $1 + 0.2 * stream.gaussian(at: UInt64($0)) })
    return supernet
  }

  /// Images whose class is their brightest band.
  static func images(_ space: SupernetSpace, split: String, count: Int) -> ImageDataset {
    let side = space.resolutions[space.resolutions.count - 1]
    let shape = ImageShape(height: side, width: side, channels: space.inputChannels)
    let stream = RandomStream(seed: split == "train" ? 21 : 22)
    let pixels = count * side * side * space.inputChannels
    return ImageDataset(
      name: "bands", split: split, shape: shape, classNames: ["top", "middle", "bottom"],
      images: (0..<pixels).map { pixel in
        let perImage = side * side * space.inputChannels
        let row = pixel % perImage / (side * space.inputChannels)
        let isBand = row * 3 / side == pixel / perImage % 3
        return UInt8(stream.integer(at: UInt64(pixel), below: 80) + (isBand ? 120 : 0))
      }, labels: (0..<count).map { Int32($0 % 3) })
  }

  /// Both splits.
  static func data(_ space: SupernetSpace) -> DatasetPair {
    DatasetPair(
      training: images(space, split: "train", count: 48),
      test: images(space, split: "test", count: 24))
  }
}
