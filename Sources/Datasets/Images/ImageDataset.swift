import Runtime

/// Labelled images of one size: bytes in memory, or files decoded on demand.
///
/// A value: subsets and splits share the pixels. Each sample keeps its number in the stored set,
/// so that what augmentation does to it does not depend on the subset that it is in.
public struct ImageDataset: Sendable {
  /// The registry's name, or the file's.
  public let name: String
  /// "train", "test", "validation".
  public let split: String
  /// Size of every image.
  public let shape: ImageShape
  /// Names of the classes, in label order.
  public let classNames: [String]
  /// Labels of the samples, each in `0..<classNames.count`.
  public let labels: [Int32]
  /// The stored image of each sample.
  public let sampleIndices: [Int32]
  /// Whether a mirrored image still shows its class (false for digits and letters).
  public var mirrorKeepsClass: Bool

  package let pixels: Pixels

  /// All stored images, in order.
  package init(
    name: String, split: String, shape: ImageShape, classNames: [String], pixels: Pixels,
    labels: [Int32], mirrorKeepsClass: Bool = true
  ) {
    self.init(
      name: name, split: split, shape: shape, classNames: classNames, pixels: pixels,
      labels: labels, sampleIndices: labels.indices.map(Int32.init),
      mirrorKeepsClass: mirrorKeepsClass)
  }

  private init(
    name: String, split: String, shape: ImageShape, classNames: [String], pixels: Pixels,
    labels: [Int32], sampleIndices: [Int32], mirrorKeepsClass: Bool
  ) {
    let stored =
      switch pixels {
      case .bytes(let bytes): bytes.count / shape.count
      case .floats(let floats): floats.count / shape.count
      case .files(let files): files.paths.count
      }
    precondition(
      sampleIndices.allSatisfy { $0 >= 0 && Int($0) < stored },
      "ImageDataset: a sample is not among the \(stored) stored images of \(shape)")
    self.name = name
    self.split = split
    self.shape = shape
    self.classNames = classNames
    self.pixels = pixels
    self.labels = labels
    self.sampleIndices = sampleIndices
    self.mirrorKeepsClass = mirrorKeepsClass
  }

  /// Makes a data set from decoded images.
  ///
  /// - Parameters:
  ///   - images: bytes `[n, h, w, c]`, n the number of labels.
  ///   - labels: each in `0..<classNames.count`.
  public init(
    name: String, split: String, shape: ImageShape, classNames: [String], images: [UInt8],
    labels: [Int32]
  ) {
    precondition(
      images.count == labels.count * shape.count,
      "ImageDataset: \(images.count) bytes for \(labels.count) images of \(shape)")
    precondition(
      labels.allSatisfy { $0 >= 0 && Int($0) < classNames.count },
      "ImageDataset: a label is outside 0..<\(classNames.count)")
    self.init(
      name: name, split: split, shape: shape, classNames: classNames, pixels: .bytes(images),
      labels: labels)
  }

  /// Number of samples.
  public var count: Int { labels.count }

  /// Number of classes.
  public var classCount: Int { classNames.count }

  /// Samples of each class, in label order.
  public var classCounts: [Int] {
    labels.reduce(into: [Int](repeating: 0, count: classCount)) { $0[Int($1)] += 1 }
  }

  /// The bytes of sample `index`, `[h, w, c]`; nil for a table of Float features.
  ///
  /// - Throws: `KirchhoffError` where the image is a file that cannot be decoded.
  public func imageBytes(at index: Int) throws -> [UInt8]? {
    guard pixels.areBytes else { return nil }
    let scratch = UnsafeMutablePointer<UInt8>.allocate(capacity: shape.count)
    defer { scratch.deallocate() }
    return try pixels.withBytes(of: Int(sampleIndices[index]), shape: shape, scratch: scratch) {
      [UInt8](UnsafeBufferPointer(start: $0, count: shape.count))
    }
  }

  /// The samples at `positions`, in that order, as a data set that shares the pixels.
  public func selecting(_ positions: [Int], split newSplit: String? = nil) -> ImageDataset {
    ImageDataset(
      name: name, split: newSplit ?? split, shape: shape, classNames: classNames, pixels: pixels,
      labels: positions.map { labels[$0] }, sampleIndices: positions.map { sampleIndices[$0] },
      mirrorKeepsClass: mirrorKeepsClass)
  }

  /// The same samples under another split's name.
  func named(split: String) -> ImageDataset { selecting(Array(0..<count), split: split) }
}
