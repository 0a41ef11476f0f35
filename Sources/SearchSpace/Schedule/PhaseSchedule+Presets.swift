import Runtime

extension PhaseSchedule {
  /// The names that ``preset(_:)`` knows.
  public static let presetNames = [
    "joint", "cnn-first", "cnn-first-freeze", "vit-first", "joint+projection",
    "largest-first", "progressive-shrinking", "alone",
  ]

  /// A built-in schedule by name.
  ///
  /// - Throws: `KirchhoffError` with the nearest name when there is none of this name.
  public static func preset(_ name: String) throws -> PhaseSchedule {
    switch name {
    case "joint": return joint
    case "cnn-first": return cnnFirst
    case "cnn-first-freeze": return cnnFirstFreeze
    case "vit-first": return vitFirst
    case "joint+projection": return jointProjection
    case "largest-first": return largestFirst
    case "progressive-shrinking": return progressiveShrinking
    case "alone": return alone
    default:
      throw KirchhoffError(
        .config, subject: "schedule", found: "\"\(name)\"",
        expected: "one of " + presetNames.joined(separator: ", "),
        hint: nearest(name, in: presetNames).map { "did you mean \"\($0)\"?" })
    }
  }

  /// All blocks from the start: the baseline.
  public static let joint = PhaseSchedule(
    name: "joint", phases: [Phase("joint", warmUp: 0.05)])

  /// Only the largest network, from labels alone; of a space with a single member, the plain training
  /// of that one.
  public static let alone = PhaseSchedule(
    name: "alone",
    phases: [
      Phase("alone", sampler: .largest, warmUp: 0.05, distillation: Distillation(loss: .none))
    ])

  /// All blocks from the start, with gradient projection (NASViT).
  public static let jointProjection = PhaseSchedule(
    name: "joint+projection",
    phases: [Phase("joint", warmUp: 0.05, projection: Projection())])

  /// Two-phase incremental training: convolutions first, with transformer blocks held at identity;
  /// then everything, with transformer blocks inserted at a residual scale of 1e-4.
  ///
  /// One reading of H4H-NAS (arXiv 2410.08326), which does not publish its phases.
  public static let cnnFirst = PhaseSchedule(
    name: "cnn-first",
    phases: [
      Phase(
        "cnn", length: .fraction(0.5), restriction: Restriction(vit: .identity), warmUp: 0.1),
      Phase("all", length: .fraction(0.5), insertionScale: 1e-4),
    ])

  /// As ``cnnFirst``, but the inserted transformer blocks train alone for a short while.
  public static let cnnFirstFreeze = PhaseSchedule(
    name: "cnn-first-freeze",
    phases: [
      Phase(
        "cnn", length: .fraction(0.5), restriction: Restriction(vit: .identity), warmUp: 0.1),
      Phase(
        "insert", length: .fraction(0.1), frozen: [.stem, .mbconv, .entry, .head],
        insertionScale: 1e-4),
      Phase("all", length: .fraction(0.4)),
    ])

  /// Transformer blocks first: slots that offer one take it, and MBConvs are left out wherever a
  /// stage does not need them to change width and side; then everything.
  public static let vitFirst = PhaseSchedule(
    name: "vit-first",
    phases: [
      Phase(
        "vit", length: .fraction(0.5), restriction: Restriction(mbconv: .otherKinds), warmUp: 0.1),
      Phase("all", length: .fraction(0.5)),
    ])

  /// As ``cnnFirst``, but first only the largest convolutional network, from labels alone.
  ///
  /// A step of it costs a fraction of a sandwich's, and what it learns the smaller ones inherit.
  public static let largestFirst = PhaseSchedule(
    name: "largest-first",
    phases: [
      Phase(
        "cnn", length: .fraction(0.55), restriction: Restriction(vit: .identity),
        sampler: .largest, warmUp: 0.1, distillation: Distillation(loss: .none)),
      Phase("all", length: .fraction(0.45), insertionScale: 1e-4),
    ])

  /// Progressive shrinking (Cai et al., Once-for-all, ICLR 2020): the largest network, then kernel,
  /// depth and expansion opened one after another, taught by the largest network as it was.
  ///
  /// Epochs, learning rates and networks a step are those of the published training script, as ratios
  /// to the first phase's learning rate (2.6 for a batch of 2048, 180 epochs). Dimensions that
  /// Once-for-all keeps fixed open together with the expansion.
  public static let progressiveShrinking: PhaseSchedule = {
    let teacher = Distillation(loss: .softCrossEntropy, teacher: .frozenLargest, labels: 1)
    func phase(
      _ name: String, epochs: Double, lr: Double, count: Int, depth: Window, expand: Window,
      kernel: Window = .all
    ) -> Phase {
      var windows: [Dimension: Window] = [.kernel: kernel, .depth: depth]
      for dimension in [Dimension.expand, .stem, .width, .heads, .mlp, .value, .head] {
        windows[dimension] = expand
      }
      windows = windows.filter { $0.value != .all }
      return Phase(
        name, length: .epochs(epochs), restriction: Restriction(windows: windows),
        sampler: .uniform(count: count), lrScale: lr, warmUp: epochs >= 100 ? 5 / epochs : 0,
        restartsCurve: true, distillation: teacher, sortsChannels: expand != .largest(1))
    }
    return PhaseSchedule(
      name: "progressive-shrinking",
      phases: [
        Phase(
          "largest", length: .epochs(180), sampler: .largest, warmUp: 5.0 / 180,
          restartsCurve: true, distillation: Distillation(loss: .none)),
        phase(
          "kernel", epochs: 120, lr: 0.96 / 2.6, count: 1, depth: .largest(1),
          expand: .largest(1)),
        phase(
          "depth-1", epochs: 25, lr: 0.08 / 2.6, count: 2, depth: .largest(2),
          expand: .largest(1)),
        phase(
          "depth-2", epochs: 120, lr: 0.24 / 2.6, count: 2, depth: .all, expand: .largest(1)),
        phase(
          "expand-1", epochs: 25, lr: 0.08 / 2.6, count: 4, depth: .all, expand: .largest(2)),
        phase("expand-2", epochs: 120, lr: 0.24 / 2.6, count: 4, depth: .all, expand: .all),
      ])
  }()
}
