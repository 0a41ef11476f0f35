import Runtime

extension SupernetSpace {
  /// The names that ``preset(_:)`` knows.
  public static let presetNames = ["mini", "compact", "nasvit", "attentivenas", "ofa-mbv3"]

  /// A built-in space by name.
  ///
  /// - Throws: `KirchhoffError` with the nearest name when there is none of this name.
  public static func preset(_ name: String) throws -> SupernetSpace {
    switch name {
    case "mini": return mini
    case "compact": return compact
    case "nasvit": return nasvit
    case "attentivenas": return attentivenas
    case "ofa-mbv3": return ofaMobileNetV3
    default:
      throw KirchhoffError(
        .config, subject: "search space", found: "\"\(name)\"",
        expected: "one of " + presetNames.joined(separator: ", "),
        hint: nearest(name, in: presetNames).map { "did you mean \"\($0)\"?" })
    }
  }

  /// A hybrid space for 28 × 28 images on a CPU, at most about 13 M MACs: a stand-in of the H4H search
  /// space (arXiv 2410.08326, which is not public), with the block kind of each slot of the last
  /// stage as a choice.
  public static let mini = SupernetSpace(
    name: "mini", resolutions: [28], inputChannels: 1, classes: 10,
    stem: Stem(widths: [8, 16]),
    stages: [
      Stage(
        widths: [16, 24], depths: [1, 2], stride: 2, slots: [[.mbconv]],
        mbconv: MBConvOptions(kernels: [3, 5], expands: [2, 4])),
      Stage(
        widths: [24, 32], depths: [1, 2, 3], stride: 2, slots: [[.mbconv]],
        mbconv: MBConvOptions(kernels: [3, 5], expands: [2, 4])),
      Stage(
        widths: [48, 64], depths: [1, 2, 3, 4], slots: [[.mbconv], [.mbconv, .vit]],
        mbconv: MBConvOptions(kernels: [3, 5], expands: [2, 4]),
        vit: VitOptions(
          headDim: 8, mlp: [1, 2], value: [1, 2], relativePosition: true,
          switchableScaling: true)),
    ])

  /// The compact hybrid space for 28 × 28 × 1 images: three MBConv stages, two transformer stages.
  ///
  /// With `adapted(resolutions: [32], inputChannels: 3, classes: 10)` it is the one for CIFAR.
  public static let compact = SupernetSpace(
    name: "compact", resolutions: [28], inputChannels: 1, classes: 10,
    stem: Stem(widths: [16]),
    stages: [
      compactStage([16, 24], [1, 2], stride: 2),
      compactStage([24, 32, 40], [1, 2, 3], stride: 1),
      compactStage([48, 56, 64], [1, 2, 3], stride: 2),
      Stage(
        widths: [64, 96, 128], depths: [1, 2], entry: EntryConvolution(kernel: 1),
        slots: [[.vit]], vit: VitOptions(headDim: 32, heads: [2, 3, 4], mlp: [1, 2, 3])),
      Stage(
        widths: [128, 160, 192], depths: [1, 2], stride: 2, entry: EntryConvolution(kernel: 3),
        slots: [[.vit]], vit: VitOptions(headDim: 32, heads: [4, 5, 6], mlp: [1, 2, 3])),
    ])

  private static func compactStage(_ widths: [Int], _ depths: [Int], stride: Int) -> Stage {
    Stage(
      widths: widths, depths: depths, stride: stride, slots: [[.mbconv]],
      mbconv: MBConvOptions(kernels: [3, 5], expands: [3, 4, 5, 6]))
  }

  /// The space of NASViT (Gong et al., ICLR 2022), 48,157,949,952 subnets: width, depth, kernel and
  /// expansion by stage, resolution counted.
  ///
  /// Numbers from `misc/config.py` of the published repository; from the fourth stage on every
  /// block but the first is a transformer.
  public static let nasvit = SupernetSpace(
    name: "nasvit", resolutions: [192, 224, 256, 288], inputChannels: 3, classes: 1000,
    middle: .divisible,
    stem: Stem(widths: [16, 24], stride: 2, activation: .swish),
    stages: [
      attentiveStage([16, 24], 1...2, kernels: [3, 5], expands: [1], stride: 1),
      attentiveStage([24, 32], 3...5, kernels: [3, 5], expands: [4, 5, 6], stride: 2),
      attentiveStage([32, 40], 3...6, kernels: [3], expands: [4, 5, 6], stride: 2, se: true),
      nasvitStage([64, 72], 3...6, expands: [4, 5, 6], stride: 2, se: false),
      nasvitStage([112, 120, 128], 3...9, expands: [4, 5, 6], stride: 2, se: true),
      nasvitStage([160, 168, 176, 184], 3...8, expands: [6], stride: 1, se: true),
      nasvitStage([208, 216, 224], 3...6, expands: [6], stride: 2, se: true),
    ],
    head: .mixed(expand: 6, widths: [1792, 1984], activation: .swish))

  /// The space of AttentiveNAS and AlphaNet (Wang et al., CVPR and ICML 2021), 440,301,256,704
  /// subnets.
  ///
  /// Numbers from `configs/train_attentive_nas_models.yml` of the published repository.
  public static let attentivenas = SupernetSpace(
    name: "attentivenas", resolutions: [192, 224, 256, 288], inputChannels: 3, classes: 1000,
    middle: .divisible,
    stem: Stem(widths: [16, 24], stride: 2, activation: .swish),
    stages: [
      attentiveStage([16, 24], 1...2, kernels: [3, 5], expands: [1], stride: 1),
      attentiveStage([24, 32], 3...5, kernels: [3, 5], expands: [4, 5, 6], stride: 2),
      attentiveStage([32, 40], 3...6, kernels: [3, 5], expands: [4, 5, 6], stride: 2, se: true),
      attentiveStage([64, 72], 3...6, kernels: [3, 5], expands: [4, 5, 6], stride: 2),
      attentiveStage(
        [112, 120, 128], 3...8, kernels: [3, 5], expands: [4, 5, 6], stride: 1, se: true),
      attentiveStage(
        [192, 200, 208, 216], 3...8, kernels: [3, 5], expands: [6], stride: 2, se: true),
      attentiveStage([216, 224], 1...2, kernels: [3, 5], expands: [6], stride: 1, se: true),
    ],
    head: .mixed(expand: 6, widths: [1792, 1984], activation: .swish))

  private static func attentiveStage(
    _ widths: [Int], _ depths: ClosedRange<Int>, kernels: [Int], expands: [Double], stride: Int,
    se: Bool = false
  ) -> Stage {
    Stage(
      widths: widths, depths: Array(depths), stride: stride, slots: [[.mbconv]],
      mbconv: MBConvOptions(
        kernels: kernels, expands: expands, scope: .stage, squeezeExcite: se, activation: .swish,
        shortcut: .projected))
  }

  private static func nasvitStage(
    _ widths: [Int], _ depths: ClosedRange<Int>, expands: [Double], stride: Int, se: Bool
  ) -> Stage {
    var stage = attentiveStage(
      widths, depths, kernels: [3], expands: expands, stride: stride, se: se)
    stage.slots = [[.mbconv], [.vit]]
    stage.vit = VitOptions(
      headDim: 8, mlp: [1], mlps: 2, value: [4], scope: .stage, valueKernel: 3, talkingHeads: true,
      relativePosition: true, positionSide: 18, attentionActivation: .swish, activation: .swish,
      norm: .joint, switchableScaling: true)
    return stage
  }

  /// The MobileNetV3 space of Once-for-all at width 1.0 (Cai et al., ICLR 2020),
  /// 21,758,655,492,572,485,851 subnets: kernel and expansion by block, resolution not counted.
  ///
  /// Widths, strides, activations and squeeze-excite are those of MobileNetV3-Large.
  public static let ofaMobileNetV3 = SupernetSpace(
    name: "ofa-mbv3", resolutions: Array(stride(from: 128, through: 224, by: 4)),
    countsResolution: false, inputChannels: 3, classes: 1000, middle: .divisible,
    stem: Stem(widths: [16], stride: 2),
    stages: [
      Stage(
        widths: [16], depths: [1], slots: [[.mbconv]],
        mbconv: MBConvOptions(kernels: [3], expands: [1], activation: .relu)),
      ofaStage(24, stride: 2, activation: .relu, se: false),
      ofaStage(40, stride: 2, activation: .relu, se: true),
      ofaStage(80, stride: 2, activation: .hardswish, se: false),
      ofaStage(112, stride: 1, activation: .hardswish, se: true),
      ofaStage(160, stride: 2, activation: .hardswish, se: true),
    ],
    head: .mixed(expand: 6, widths: [1280], activation: .hardswish))

  private static func ofaStage(
    _ width: Int, stride: Int, activation: Activation, se: Bool
  ) -> Stage {
    Stage(
      widths: [width], depths: [2, 3, 4], stride: stride, slots: [[.mbconv]],
      mbconv: MBConvOptions(
        kernels: [3, 5, 7], expands: [3, 4, 6], squeezeExcite: se, activation: activation))
  }
}
