import Runtime

extension Augmentation: Codable {
  /// Keys of a config.
  enum CodingKeys: String, CodingKey, CaseIterable {
    case preset
    case cropPadding
    case padding
    case mirror
    case randAugment
    case cutout
    case erasing
    case mixing
  }

  /// A preset's name, or keys on top of `preset` (default "none").
  public init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      self = try .preset(name)
      return
    }
    let keys = try decoder.strictContainer(CodingKeys.self, of: "augmentation")
    self = try .preset(try keys.decodeIfPresent(String.self, forKey: .preset) ?? "none")
    if let value = try keys.decodeIfPresent(Int.self, forKey: .cropPadding) { cropPadding = value }
    if let value = try keys.decodeIfPresent(Padding.self, forKey: .padding) { padding = value }
    if let value = try keys.decodeIfPresent(Float.self, forKey: .mirror) { mirror = value }
    // An explicit null takes the preset's setting away.
    if keys.contains(.randAugment) {
      randAugment = try keys.decodeIfPresent(RandAugment.self, forKey: .randAugment)
    }
    if keys.contains(.cutout) { cutout = try keys.decodeIfPresent(Cutout.self, forKey: .cutout) }
    if keys.contains(.erasing) {
      erasing = try keys.decodeIfPresent(RandomErasing.self, forKey: .erasing)
    }
    if keys.contains(.mixing) { mixing = try keys.decodeIfPresent(Mixing.self, forKey: .mixing) }
  }

  /// All keys that are set, without a preset.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(cropPadding, forKey: .cropPadding)
    try keys.encode(padding, forKey: .padding)
    try keys.encode(mirror, forKey: .mirror)
    try keys.encodeIfPresent(randAugment, forKey: .randAugment)
    try keys.encodeIfPresent(cutout, forKey: .cutout)
    try keys.encodeIfPresent(erasing, forKey: .erasing)
    try keys.encodeIfPresent(mixing, forKey: .mixing)
  }
}
