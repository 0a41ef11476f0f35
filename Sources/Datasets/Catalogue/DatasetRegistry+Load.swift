import Foundation
import Runtime

extension DatasetRegistry {
  /// Loads what `source` names: from the registry's folders, or from a path.
  ///
  /// - Throws: `KirchhoffError` where the data set is unknown, not there, or damaged.
  public func load(_ source: DatasetSource) throws -> DatasetPair {
    try source.validate()
    if let entry = entries.first(where: { $0.name == source.name }) { return try load(entry) }
    guard FileBytes.isFolder(source.name) || FileBytes.size(source.name) != nil else {
      let looksLikePath = source.name.contains("/") || source.name.contains(".")
      guard looksLikePath else { throw unknown(source.name) }
      throw KirchhoffError(
        .io, subject: source.name, found: "nothing", expected: "a file or folder of data")
    }
    let read = try read(path: source.name, source: source)
    if let path = source.test {
      let other = try self.read(
        path: path, source: source, classNames: read.training.classNames
      ).training
      guard other.shape == read.training.shape else {
        throw KirchhoffError(
          .data, subject: path, found: "samples of \(other.shape)",
          expected: "\(read.training.shape) as in \(source.name)")
      }
      return DatasetPair(
        training: read.training.named(split: "train"), test: other.named(split: "test"))
    }
    if let test = read.test { return DatasetPair(training: read.training, test: test) }
    let count = max(1, Int((Double(read.training.count) * source.testShare).rounded()))
    let parts = try read.training.named(split: "train")
      .holdingOut(count, seed: source.splitSeed, as: "test")
    return DatasetPair(training: parts.training, test: parts.heldOut)
  }

  /// Loads a known data set.
  public func load(_ entry: DatasetEntry) throws -> DatasetPair {
    guard let folder = locate(entry), let files = files(of: entry, in: folder) else {
      throw KirchhoffError(
        .data, subject: entry.name, found: "no complete copy",
        expected: "its files in one of \((roots + entry.systemFolders).joined(separator: ", "))",
        hint: "run: kirchhoff data fetch \(entry.name)")
    }
    var training = try read(entry, files.training, split: "train")
    var test = try read(entry, files.test, split: "test", classNames: training.classNames)
    training.mirrorKeepsClass = entry.mirrorKeepsClass
    test.mirrorKeepsClass = entry.mirrorKeepsClass
    return DatasetPair(training: training, test: test)
  }

  private func read(
    _ entry: DatasetEntry, _ paths: [String], split: String, classNames: [String]? = nil
  ) throws -> ImageDataset {
    switch entry.layout {
    case .mnist:
      return try IDX.dataset(
        images: paths[0], labels: paths[1], name: entry.name, split: split,
        classNames: entry.classNames.isEmpty ? classNames ?? [] : entry.classNames)
    case .cifar(let kind):
      return try CIFAR.dataset(
        files: paths, kind: kind, name: entry.name, split: split,
        classNames: entry.classNames.isEmpty
          ? try Self.classNames(beside: paths[0], kind: kind) : entry.classNames)
    case .images:
      return try ImageFolder.dataset(
        paths[0], name: entry.name, split: split, classNames: classNames)
    }
  }

  /// The names in the text file that lies beside CIFAR's records, or none.
  static func classNames(beside path: String, kind: CIFAR.Kind) throws -> [String] {
    let folder = PathParts.folder(of: path)
    let file = joined(folder, kind == .cifar10 ? "batches.meta.txt" : "fine_label_names.txt")
    guard FileBytes.size(file) != nil else { return [] }
    let lines = String(decoding: try FileBytes.read(file), as: UTF8.self)
      .split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
    guard lines.count == kind.classCount else {
      throw KirchhoffError(
        .data, subject: file, found: "\(lines.count) names", expected: "\(kind.classCount)")
    }
    return lines
  }
}

extension DatasetRegistry {
  /// Reads a file or folder by its content: a training set, and a test set where one is there.
  func read(
    path: String, source: DatasetSource, classNames: [String]? = nil
  ) throws -> (training: ImageDataset, test: ImageDataset?) {
    let name = PathParts.name(of: path)
    switch try DataFormat.detect(path) {
    case .cifar(let kind):
      let names = try classNames ?? Self.classNames(beside: path, kind: kind)
      let data = try CIFAR.dataset(
        files: [path], kind: kind, name: name, split: "all", classNames: names)
      return (data, nil)
    case .idx:
      let labels = try DataFormat.labelFile(besideImages: path)
      let data = try IDX.dataset(
        images: path, labels: labels, name: name, split: "all", classNames: classNames ?? [])
      return (data, nil)
    case .csv:
      var options = CSV.Options()
      options.labelColumn = source.labelColumn
      options.shape = source.shape.map { ImageShape(height: $0[0], width: $0[1], channels: $0[2]) }
      let data = try CSV.dataset(
        path, name: name, split: "all", classNames: classNames, options: options)
      return (data, nil)
    case .imageFolder:
      var options = ImageFolder.Options()
      (options.height, options.width) = (source.size?[0], source.size?[1])
      guard classNames == nil else {
        let data = try ImageFolder.dataset(
          path, name: name, split: "all", classNames: classNames, options: options)
        return (data, nil)
      }
      return try ImageFolder.read(path, name: name, options: options)
    case .idxFolder, .cifarFolder:
      let entry = anonymousOrKnown(path)
      let files = files(of: entry, in: path)!
      var training = try read(entry, files.training, split: "train")
      var test = try read(entry, files.test, split: "test", classNames: training.classNames)
      training.mirrorKeepsClass = entry.mirrorKeepsClass
      test.mirrorKeepsClass = entry.mirrorKeepsClass
      return (training, test)
    }
  }

  /// The known data set that a folder of record files is named after, else one without names.
  func anonymousOrKnown(_ path: String) -> DatasetEntry {
    let name = PathParts.name(of: path)
    if let known = entries.first(where: {
      ($0.name == name || $0.folders.contains(name)) && files(of: $0, in: path) != nil
    }) {
      return known
    }
    let layouts: [DatasetEntry.Layout] = [.mnist, .cifar(.cifar10), .cifar(.cifar100)]
    return layouts.map { layout in
      DatasetEntry(
        name: name, summary: "", source: "", layout: layout, files: [], folders: [],
        counts: (0, 0))
    }.first { files(of: $0, in: path) != nil }!
  }
}
