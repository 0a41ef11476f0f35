import Foundation
import Runtime

/// What a file or folder holds, recognised by its content.
enum DataFormat: Equatable {
  case idx
  case cifar(CIFAR.Kind)
  case csv
  case imageFolder
  /// A folder with MNIST's four files.
  case idxFolder
  /// A folder with CIFAR's record files.
  case cifarFolder

  /// A few words for reports.
  var summary: String {
    switch self {
    case .idx: "IDX images and labels"
    case .cifar(let kind): "binary records of \(kind.rawValue)"
    case .csv: "table of delimited text"
    case .imageFolder: "folders of images by class"
    case .idxFolder: "folder of IDX files"
    case .cifarFolder: "folder of CIFAR's binary records"
    }
  }

  /// Recognises `path`.
  ///
  /// - Throws: `KirchhoffError` that lists what is understood.
  static func detect(_ path: String) throws -> DataFormat {
    if FileBytes.isFolder(path) {
      let registry = DatasetRegistry(entries: [], roots: [], cache: "")
      func holds(_ layout: DatasetEntry.Layout) -> Bool {
        let entry = DatasetEntry(
          name: "", summary: "", source: "", layout: layout, files: [], folders: [], counts: (0, 0))
        return registry.files(of: entry, in: path) != nil
      }
      if holds(.mnist) { return .idxFolder }
      if holds(.cifar(.cifar10)) || holds(.cifar(.cifar100)) { return .cifarFolder }
      if ImageFolder.matches(path) { return .imageFolder }
      // Not recognised as anything: an image folder's errors say most about what is missing.
      _ = try ImageFolder.scan(path)
      return .imageFolder
    }
    let prefix = try FileBytes.readPrefix(path, count: 512)
    if IDX.matches(prefix) { return .idx }
    var stem = PathParts.name(of: path).lowercased()
    if stem.hasSuffix(".gz") { stem.removeLast(3) }
    if stem.hasSuffix(".csv") || stem.hasSuffix(".tsv") { return .csv }
    if stem.hasSuffix(".bin") {
      let content = try FileBytes.readDecompressed(path)
      if let kind = CIFAR.kind(ofByteCount: content.count) { return .cifar(kind) }
      throw KirchhoffError(
        .data, subject: path, found: "\(content.count) bytes",
        expected: "a multiple of 3073 (CIFAR-10 records) or 3074 (CIFAR-100)",
        hint: "the file may be truncated")
    }
    throw KirchhoffError(
      .data, subject: path, place: "byte 0",
      found: prefix.isEmpty ? "an empty file" : "magic number \(hex(prefix.prefix(4)))",
      expected:
        "IDX (0x000008…), CIFAR records (.bin), a table (.csv, .tsv), each plain or .gz, "
        + "or a folder of images by class")
  }

  /// The label file that belongs to an image file: "images" and "idx3" become "labels" and "idx1".
  static func labelFile(besideImages path: String) throws -> String {
    let folder = PathParts.folder(of: path)
    var name = PathParts.name(of: path)
    if name.hasSuffix(".gz") { name.removeLast(3) }
    let label = name.replacingOccurrences(of: "images", with: "labels")
      .replacingOccurrences(of: "idx3", with: "idx1").replacingOccurrences(of: "idx4", with: "idx1")
    let wanted = folder.isEmpty ? label : joined(folder, label)
    guard label != name, let found = DatasetRegistry.existing(wanted) else {
      throw KirchhoffError(
        .data, subject: path, found: "no label file beside the images", expected: wanted)
    }
    return found
  }
}
