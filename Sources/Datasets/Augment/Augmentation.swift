import Runtime

/// What happens to training images between the data set and the network, as data.
///
/// Per image, in this order: padded crop, mirroring, RandAugment (on bytes), normalisation, cutout,
/// random erasing; then mixup or cutmix between images of a batch. Every draw is a function of
/// (seed, epoch, sample), so that it depends neither on threads nor on the batch.
///
/// In a config either a preset's name or keys, on top of `preset` if that is given:
///
///     augmentation: standard
///     augmentation: {preset: light, cutout: {side: 8}}
public struct Augmentation: Hashable, Sendable {
  /// What lies outside an image that is shifted.
  public enum Padding: String, Codable, Sendable, CaseIterable {
    /// Black.
    case zero
    /// The image mirrored at its border.
    case reflect
  }

  /// Pixels of padding on each side before a crop of the original size: the image moves by up to
  /// this many pixels in each direction.
  public var cropPadding = 0
  /// What the padding shows.
  public var padding = Padding.zero
  /// Share of images that are mirrored left to right.
  public var mirror: Float = 0
  /// Random operations on colours and geometry.
  public var randAugment: RandAugment?
  /// Squares that are blanked.
  public var cutout: Cutout?
  /// Rectangles that are erased.
  public var erasing: RandomErasing?
  /// Mixup and cutmix; batches then carry soft labels.
  public var mixing: Mixing?

  /// Nothing at all.
  public init() {}

  /// Leaves images as they are.
  public static let none = Augmentation()

  /// Names of the presets.
  public static let presetNames = ["none", "light", "standard", "strong"]

  /// A preset: "none"; "light" (shift by 2, mirror), "standard" (shift by 4, mirror, random erasing
  /// in a quarter of the images, one RandAugment operation of magnitude 5), "strong" (two operations
  /// of magnitude 9, mixup and cutmix as well).
  ///
  /// - Throws: `KirchhoffError` for an unknown name.
  public static func preset(_ name: String) throws -> Augmentation {
    var value = Augmentation()
    switch name {
    case "none": return value
    case "light":
      value.cropPadding = 2
      value.mirror = 0.5
    case "standard":
      value.cropPadding = 4
      value.mirror = 0.5
      value.randAugment = RandAugment(operations: 1, magnitude: 5)
      value.erasing = RandomErasing(probability: 0.25, largestArea: 0.25)
    case "strong":
      value.cropPadding = 4
      value.mirror = 0.5
      value.randAugment = RandAugment(operations: 2, magnitude: 9)
      value.erasing = RandomErasing(probability: 0.25)
      value.mixing = Mixing(mixup: 0.2, cutmix: 1, probability: 0.5)
    default:
      throw KirchhoffError(
        .config, subject: "augmentation", found: "preset \"\(name)\"",
        expected: "one of \(presetNames.joined(separator: ", "))",
        hint: nearest(name, in: presetNames).map { "did you mean \($0)?" })
    }
    return value
  }

  /// The same without mirroring where a mirrored image of `dataset` would not show its class.
  public func adapted(to dataset: ImageDataset) -> Augmentation {
    var value = self
    if !dataset.mirrorKeepsClass { value.mirror = 0 }
    return value
  }

  /// Whether batches carry soft labels.
  public var mixesLabels: Bool { mixing.map { $0.mixup > 0 || $0.cutmix > 0 } ?? false }

  /// Checks every value against its range and against the data.
  ///
  /// - Throws: `KirchhoffError` that names the key.
  public func validate(for dataset: ImageDataset) throws {
    func check(_ key: String, _ value: some CustomStringConvertible, _ ok: Bool, _ range: String)
      throws
    {
      guard ok else {
        throw KirchhoffError(
          .config, subject: "augmentation.\(key)", found: "\(value)", expected: range)
      }
    }
    let changesPixels = cropPadding > 0 || mirror > 0 || randAugment != nil
    try check(
      "cropPadding, mirror, randAugment", "set", dataset.pixels.areBytes || !changesPixels,
      "none of them: \(dataset.name) is a table, not images of bytes")
    let side = min(dataset.shape.height, dataset.shape.width)
    let reach = padding == .reflect ? side - 1 : side
    try check("cropPadding", cropPadding, (0...reach).contains(cropPadding), "0…\(reach) pixels")
    try check("mirror", mirror, (0...1).contains(mirror), "0…1")
    if let randAugment {
      let (count, magnitude) = (randAugment.operations, randAugment.magnitude)
      try check("randAugment.operations", count, (0...16).contains(count), "0…16")
      try check("randAugment.magnitude", magnitude, (0...30).contains(magnitude), "0…30")
      let kinds = randAugment.kinds
      try check("randAugment.kinds", "none", !kinds.isEmpty, "at least one operation")
    }
    if let cutout {
      try check("cutout.side", cutout.side, cutout.side > 0, "1 pixel or more")
      try check("cutout.count", cutout.count, (0...16).contains(cutout.count), "0…16")
    }
    if let e = erasing {
      try check("erasing.probability", e.probability, (0...1).contains(e.probability), "0…1")
      try check(
        "erasing.smallestArea", e.smallestArea, e.smallestArea > 0 && e.smallestArea <= 1,
        "above 0, up to 1")
      try check(
        "erasing.largestArea", e.largestArea, e.largestArea >= e.smallestArea && e.largestArea <= 1,
        "\(e.smallestArea)…1")
      try check("erasing.largestAspect", e.largestAspect, e.largestAspect >= 1, "1 or more")
    }
    if let m = mixing {
      try check("mixing.mixup", m.mixup, m.mixup >= 0 && m.mixup.isFinite, "0 or more")
      try check("mixing.cutmix", m.cutmix, m.cutmix >= 0 && m.cutmix.isFinite, "0 or more")
      try check("mixing.probability", m.probability, (0...1).contains(m.probability), "0…1")
      try check("mixing.cutmixShare", m.cutmixShare, (0...1).contains(m.cutmixShare), "0…1")
    }
  }
}
