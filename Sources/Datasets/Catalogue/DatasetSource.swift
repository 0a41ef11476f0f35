import Runtime

/// Which data set an experiment uses, as it stands in a config: a name or path, or keys.
///
///     data: fashion-mnist
///     data: {name: photos/, size: [64, 64]}
public struct DatasetSource: Codable, Hashable, Sendable {
  /// A name of the registry, or the path of a file or folder.
  public var name: String
  /// Path of separate test data; nil: what the name brings, or a part that is split off.
  public var test: String?
  /// Share of samples that become the test set where none is given.
  public var testShare = 0.2
  /// Seed of that split.
  public var splitSeed: UInt64 = 0
  /// Height and width to which the images of a folder are resized.
  public var size: [Int]?
  /// Label column of a table: its name or number.
  public var labelColumn: String?
  /// Height, width and channels of the images that the rows of a table are.
  public var shape: [Int]?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case name
    case test
    case testShare
    case splitSeed
    case size
    case labelColumn
    case shape
  }

  /// A registry name or a path.
  public init(_ name: String) { self.name = name }

  /// A single string, or keys.
  public init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      self.init(name)
      return
    }
    let keys = try decoder.strictContainer(CodingKeys.self, of: "data")
    self.init(try keys.decode(String.self, forKey: .name))
    test = try keys.decodeIfPresent(String.self, forKey: .test)
    testShare = try keys.decodeIfPresent(Double.self, forKey: .testShare) ?? testShare
    splitSeed = try keys.decodeIfPresent(UInt64.self, forKey: .splitSeed) ?? splitSeed
    size = try keys.decodeIfPresent([Int].self, forKey: .size)
    labelColumn = try keys.decodeIfPresent(String.self, forKey: .labelColumn)
    shape = try keys.decodeIfPresent([Int].self, forKey: .shape)
  }

  func validate() throws {
    func check(_ key: String, _ found: String, _ ok: Bool, _ expected: String) throws {
      guard ok else {
        throw KirchhoffError(.config, subject: "data.\(key)", found: found, expected: expected)
      }
    }
    try check("testShare", "\(testShare)", testShare > 0 && testShare < 1, "above 0, below 1")
    if let size {
      let ok = size.count == 2 && size.allSatisfy { (1...4096).contains($0) }
      try check("size", "\(size)", ok, "[height, width], each 1…4096")
    }
    if let shape {
      let ok = shape.count == 3 && shape.allSatisfy { $0 > 0 }
      try check("shape", "\(shape)", ok, "[height, width, channels]")
    }
  }
}

/// A training and a test set of the same shape and classes.
public struct DatasetPair: Sendable {
  /// For training (and for a validation part, `holdingOut`).
  public var training: ImageDataset
  /// For the final figure only.
  public var test: ImageDataset

  /// The two sets.
  public init(training: ImageDataset, test: ImageDataset) {
    self.training = training
    self.test = test
  }
}
