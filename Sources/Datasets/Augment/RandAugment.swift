/// A number of random operations of one magnitude (Cubuk et al., "RandAugment: Practical automated
/// data augmentation with a reduced search space", NeurIPS 2020).
public struct RandAugment: Codable, Hashable, Sendable {
  /// The operations; what magnitude 30 means is in brackets.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// Nothing.
    case identity
    /// About the centre [30°], either way.
    case rotate
    /// Along x [0.3], either way.
    case shearX
    /// Along y [0.3], either way.
    case shearY
    /// Along x [0.45 of the width], either way.
    case translateX
    /// Along y [0.45 of the height], either way.
    case translateY
    /// Factor 1 ± magnitude [0.9].
    case brightness
    /// About the mean grey, factor 1 ± magnitude [0.9].
    case contrast
    /// Towards or away from grey, factor 1 ± magnitude [0.9]; colour images only.
    case saturation
    /// Towards or away from a smoothed image, factor 1 ± magnitude [0.9].
    case sharpness
    /// Fewer bits a value [4 of 8].
    case posterize
    /// Values above a threshold are inverted [threshold 0].
    case solarize
    /// Each channel stretched to 0…255.
    case autoContrast
    /// Each channel's histogram flattened.
    case equalize
  }

  /// Operations an image.
  public var operations: Int
  /// 0 (nothing) to 30.
  public var magnitude: Float
  /// The operations to choose from, with equal chances.
  public var kinds: [Kind]

  enum CodingKeys: String, CodingKey, CaseIterable {
    case operations
    case magnitude
    case kinds
  }

  /// Makes a setting.
  public init(operations: Int = 2, magnitude: Float = 9, kinds: [Kind] = Kind.allCases) {
    self.operations = operations
    self.magnitude = magnitude
    self.kinds = kinds
  }

  /// Keys that are left out take the defaults.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.strictContainer(CodingKeys.self, of: "augmentation.randAugment")
    self.init()
    operations = try keys.decodeIfPresent(Int.self, forKey: .operations) ?? operations
    magnitude = try keys.decodeIfPresent(Float.self, forKey: .magnitude) ?? magnitude
    kinds = try keys.decodeIfPresent([Kind].self, forKey: .kinds) ?? kinds
  }
}

extension RandAugment {
  /// Applies one operation to `image`; the result may be in `spare`, which then swaps roles.
  ///
  /// `sign` is 1 or −1 for operations that go either way.
  package static func apply(
    _ kind: Kind, magnitude: Float, sign: Float, to image: inout ByteImage,
    spare: inout ByteImage
  ) {
    let strength = magnitude / 30
    let signed = strength * sign
    func warp(_ transform: ImageWarp) {
      transform.apply(to: image, into: spare)
      swap(&image, &spare)
    }
    switch kind {
    case .identity: break
    case .rotate: warp(.rotation(degrees: 30 * signed))
    case .shearX: warp(.shearX(0.3 * signed))
    case .shearY: warp(.shearY(0.3 * signed))
    case .translateX: warp(.translation(x: 0.45 * signed * Float(image.shape.width), y: 0))
    case .translateY: warp(.translation(x: 0, y: 0.45 * signed * Float(image.shape.height)))
    case .brightness: ByteTables.brightness(image, factor: 1 + 0.9 * signed)
    case .contrast: ByteTables.contrast(image, factor: 1 + 0.9 * signed)
    case .saturation: ImageFilters.saturation(image, factor: 1 + 0.9 * signed)
    case .sharpness:
      ImageFilters.sharpness(image, factor: 1 + 0.9 * signed, into: spare)
      swap(&image, &spare)
    case .posterize: ByteTables.posterize(image, bits: 8 - Int((4 * strength).rounded()))
    case .solarize: ByteTables.solarize(image, threshold: 256 - 256 * strength)
    case .autoContrast: ByteTables.autoContrast(image)
    case .equalize: ByteTables.equalize(image)
    }
  }
}
