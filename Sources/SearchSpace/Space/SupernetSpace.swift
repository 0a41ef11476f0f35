import Configuration

/// The search space of a weight-sharing supernet, as data: every list is a choice, and one value
/// from each makes a ``Subnet``.
///
/// Feature maps are square and channels last; convolutions pad by half their kernel.
public struct SupernetSpace: ConfigurationValue, Hashable, Sendable {
  /// A name for people.
  public var name: String
  /// Sides of the input image in pixels, ascending.
  public var resolutions: [Int]
  /// Whether the resolution is part of the architecture, and so counted in ``size``.
  ///
  /// OFA treats it as augmentation, AttentiveNAS and NASViT search it.
  public var countsResolution: Bool
  /// Channels of the input image.
  public var inputChannels: Int
  /// Classes to tell apart.
  public var classes: Int
  /// The width rule inside MBConv blocks.
  public var middle: MiddleRule
  /// The first convolution.
  public var stem: Stem
  /// The stages, from the image to the head.
  public var stages: [Stage]
  /// The classifier.
  public var head: Head
  /// The space's single member, where all choices are made: the space of a stand-alone network.
  ///
  /// The lists say what it was chosen from (see ``only(_:)``).
  public var only: Subnet?

  /// A space, not yet validated (see ``validate()``).
  public init(
    name: String, resolutions: [Int], countsResolution: Bool = true, inputChannels: Int,
    classes: Int, middle: MiddleRule = .exact, stem: Stem, stages: [Stage], head: Head = .pooled,
    only: Subnet? = nil
  ) {
    self.name = name
    self.resolutions = resolutions
    self.countsResolution = countsResolution
    self.inputChannels = inputChannels
    self.classes = classes
    self.middle = middle
    self.stem = stem
    self.stages = stages
    self.head = head
    self.only = only
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case name, resolutions, countsResolution, inputChannels, classes, middle, stem, stages, head
    case only
  }

  /// Reads and validates a space; unknown keys are errors.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(
      name: try fields.value(.name, or: "unnamed"), resolutions: try fields.required(.resolutions),
      countsResolution: try fields.value(.countsResolution, or: true),
      inputChannels: try fields.required(.inputChannels), classes: try fields.required(.classes),
      middle: try fields.word(.middle, or: .exact), stem: try fields.required(.stem),
      stages: try fields.required(.stages), head: try fields.value(.head, or: .pooled),
      only: try fields.subnet(.only))
    do {
      try check()
    } catch var error as FieldError {
      error.path = FieldError(decoder.codingPath).path + error.path
      throw error
    }
  }

  /// The same space for other images.
  ///
  /// - Throws: `KirchhoffError` when the sides are too small for the strides.
  public func adapted(resolutions: [Int], inputChannels: Int, classes: Int) throws -> SupernetSpace
  {
    var space = self
    space.resolutions = resolutions
    space.inputChannels = inputChannels
    space.classes = classes
    try space.validate()
    return space
  }

  /// The middle width of an MBConv of `input` active channels.
  public func middleWidth(input: Int, expand: Double) -> Int {
    let width = Int((Double(input) * expand).rounded())
    return middle == .exact ? width : makeDivisible(width)
  }
}
