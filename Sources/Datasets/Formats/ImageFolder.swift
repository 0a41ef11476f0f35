import Runtime

/// Folders of PNG and JPEG images, one folder a class.
///
/// Either `train/<class>/…` beside `test/<class>/…` (or `val`, `validation`), or `<class>/…` alone,
/// which is split deterministically. Classes are in byte order of their names; images may lie
/// deeper inside a class folder; other files are ignored.
public enum ImageFolder {
  /// How images become a data set.
  public struct Options: Sendable {
    /// Size to which images are resized; nil: all must have the same size.
    public var height: Int?
    /// See `height`.
    public var width: Int?
    /// Channels: 1 grey, 3 colour; nil: 3 if any image has colour.
    public var channels: Int?
    /// Decoded sets up to this size are held in memory, larger ones are decoded while training.
    public var memoryLimitBytes = 2 << 30

    /// The defaults.
    public init() {}
  }

  static let trainingNames = ["train", "training"]
  static let testNames = ["test", "val", "validation", "valid"]

  /// One class folder's image files.
  struct Class {
    var name: String
    var files: [String]
  }

  /// Reads `root`: a training and a test set where it has folders for both, else one set.
  ///
  /// - Throws: `KirchhoffError` for an empty class folder, images of different sizes (without a
  ///   size in `options`), damaged images, a test class that the training set lacks.
  public static func read(
    _ root: String, name: String, options: Options = Options()
  ) throws -> (training: ImageDataset, test: ImageDataset?) {
    guard let trainingFolder = subfolder(of: root, named: trainingNames) else {
      return (try dataset(root, name: name, split: "all", options: options), nil)
    }
    let training = try dataset(trainingFolder, name: name, split: "train", options: options)
    guard let testFolder = subfolder(of: root, named: testNames) else { return (training, nil) }
    var testOptions = options
    testOptions.channels = training.shape.channels
    let test = try dataset(
      testFolder, name: name, split: "test", classNames: training.classNames, options: testOptions)
    guard test.shape == training.shape else {
      throw KirchhoffError(
        .data, subject: testFolder, found: "images of \(test.shape)",
        expected: "\(training.shape) as in \(trainingFolder)")
    }
    return (training, test)
  }

  /// Reads one folder of class folders; with `classNames`, only those may occur.
  public static func dataset(
    _ folder: String, name: String, split: String, classNames: [String]? = nil,
    options: Options = Options()
  ) throws -> ImageDataset {
    let classes = try scan(folder)
    let names = classNames ?? classes.map(\.name)
    var paths: [String] = []
    var labels: [Int32] = []
    for member in classes {
      guard let label = names.firstIndex(of: member.name) else {
        throw KirchhoffError(
          .data, subject: joined(folder, member.name), found: "class \(member.name)",
          expected: "one of the training set's \(names.count) classes")
      }
      paths += member.files
      labels += repeatElement(Int32(label), count: member.files.count)
    }
    let shape = try commonShape(of: paths, options: options)
    let files = ImageFiles(
      paths: paths, shape: shape, resizes: options.height != nil && options.width != nil)
    let fits = paths.count * shape.count <= options.memoryLimitBytes
    return ImageDataset(
      name: name, split: split, shape: shape, classNames: names,
      pixels: fits ? .bytes(try files.decodeAll()) : .files(files), labels: labels)
  }

  /// Whether `folder` looks like one that `read` accepts.
  static func matches(_ folder: String) -> Bool {
    if subfolder(of: folder, named: trainingNames) != nil { return true }
    guard let names = try? FileBytes.names(in: folder) else { return false }
    return names.contains { name in
      let inner = joined(folder, name)
      return FileBytes.isFolder(inner)
        && (try? FileBytes.names(in: inner))?.contains(where: ImageDecoder.hasImageExtension)
          == true
    }
  }

  static func subfolder(of root: String, named names: [String]) -> String? {
    names.map { joined(root, $0) }.first(where: FileBytes.isFolder)
  }

  static func scan(_ folder: String) throws -> [Class] {
    let classes = try FileBytes.names(in: folder).filter { FileBytes.isFolder(joined(folder, $0)) }
    guard !classes.isEmpty else {
      throw KirchhoffError(
        .data, subject: folder, found: "no folders", expected: "one folder of images for each class"
      )
    }
    return try classes.map { name in
      let files = try images(in: joined(folder, name))
      guard !files.isEmpty else {
        throw KirchhoffError(
          .data, subject: joined(folder, name), found: "no images",
          expected: "at least one .png, .jpg or .jpeg file", hint: "remove the empty class folder")
      }
      return Class(name: name, files: files)
    }
  }

  private static func images(in folder: String) throws -> [String] {
    try FileBytes.names(in: folder).flatMap { name -> [String] in
      let path = joined(folder, name)
      if FileBytes.isFolder(path) { return try images(in: path) }
      return ImageDecoder.hasImageExtension(name) ? [path] : []
    }
  }

  private static func commonShape(of paths: [String], options: Options) throws -> ImageShape {
    let shapes = try ImageFiles.shapes(of: paths)
    let channels = options.channels ?? shapes.map(\.channels).max()!
    if let height = options.height, let width = options.width {
      return ImageShape(height: height, width: width, channels: channels)
    }
    // The most frequent size is the expected one, so that the error names the odd image out.
    var frequency: [ImageShape: Int] = [:]
    let sizes = shapes.map { ImageShape(height: $0.height, width: $0.width, channels: channels) }
    for size in sizes { frequency[size, default: 0] += 1 }
    let common = sizes.max { frequency[$0]! < frequency[$1]! }!
    if let odd = sizes.firstIndex(where: { $0 != common }) {
      throw ImageDecoder.sizeMismatch(paths[odd], found: sizes[odd], expected: common)
    }
    return common
  }
}
