extension Augmentation {
  /// Squares of the mean colour (DeVries and Taylor, "Improved Regularization of Convolutional
  /// Neural Networks with Cutout", 2017).
  public struct Cutout: Codable, Hashable, Sendable {
    /// Side of the square in pixels; parts may lie outside the image.
    public var side: Int
    /// Squares an image.
    public var count: Int

    enum CodingKeys: String, CodingKey, CaseIterable {
      case side
      case count
    }

    /// Makes a setting.
    public init(side: Int = 8, count: Int = 1) {
      self.side = side
      self.count = count
    }

    /// Keys that are left out take the defaults.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.strictContainer(CodingKeys.self, of: "augmentation.cutout")
      self.init()
      side = try keys.decodeIfPresent(Int.self, forKey: .side) ?? side
      count = try keys.decodeIfPresent(Int.self, forKey: .count) ?? count
    }
  }

  /// A rectangle of noise or of the mean colour (Zhong et al., "Random Erasing Data Augmentation",
  /// AAAI 2020).
  public struct RandomErasing: Codable, Hashable, Sendable {
    /// Share of images.
    public var probability: Float
    /// Smallest share of the image's area.
    public var smallestArea: Float
    /// Largest share of the image's area.
    public var largestArea: Float
    /// Largest ratio of the sides, at least 1; ratios are drawn log-uniformly up to it either way.
    public var largestAspect: Float
    /// Whether the rectangle is filled with Gaussian noise (of the normalised scale).
    public var noise: Bool

    enum CodingKeys: String, CodingKey, CaseIterable {
      case probability
      case smallestArea
      case largestArea
      case largestAspect
      case noise
    }

    /// Makes a setting; the defaults are the paper's.
    public init(
      probability: Float = 0.5, smallestArea: Float = 0.02, largestArea: Float = 0.4,
      largestAspect: Float = 3.33, noise: Bool = true
    ) {
      self.probability = probability
      self.smallestArea = smallestArea
      self.largestArea = largestArea
      self.largestAspect = largestAspect
      self.noise = noise
    }

    /// Keys that are left out take the defaults.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.strictContainer(CodingKeys.self, of: "augmentation.erasing")
      self.init()
      probability = try keys.decodeIfPresent(Float.self, forKey: .probability) ?? probability
      smallestArea = try keys.decodeIfPresent(Float.self, forKey: .smallestArea) ?? smallestArea
      largestArea = try keys.decodeIfPresent(Float.self, forKey: .largestArea) ?? largestArea
      largestAspect = try keys.decodeIfPresent(Float.self, forKey: .largestAspect) ?? largestAspect
      noise = try keys.decodeIfPresent(Bool.self, forKey: .noise) ?? noise
    }
  }

  /// Blending of pairs of images and of their labels.
  public struct Mixing: Codable, Hashable, Sendable {
    /// Parameter of mixup's Beta(α, α) (Zhang et al., ICLR 2018); 0: no mixup.
    public var mixup: Float
    /// Parameter of cutmix's Beta(α, α) (Yun et al., ICCV 2019); 0: no cutmix.
    public var cutmix: Float
    /// Share of pairs that are mixed at all.
    public var probability: Float
    /// Share of cutmix among mixed pairs where both are on.
    public var cutmixShare: Float

    enum CodingKeys: String, CodingKey, CaseIterable {
      case mixup
      case cutmix
      case probability
      case cutmixShare
    }

    /// Makes a setting.
    public init(
      mixup: Float = 0, cutmix: Float = 0, probability: Float = 1, cutmixShare: Float = 0.5
    ) {
      self.mixup = mixup
      self.cutmix = cutmix
      self.probability = probability
      self.cutmixShare = cutmixShare
    }

    /// Keys that are left out take the defaults.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.strictContainer(CodingKeys.self, of: "augmentation.mixing")
      self.init()
      mixup = try keys.decodeIfPresent(Float.self, forKey: .mixup) ?? mixup
      cutmix = try keys.decodeIfPresent(Float.self, forKey: .cutmix) ?? cutmix
      probability = try keys.decodeIfPresent(Float.self, forKey: .probability) ?? probability
      cutmixShare = try keys.decodeIfPresent(Float.self, forKey: .cutmixShare) ?? cutmixShare
    }
  }
}
