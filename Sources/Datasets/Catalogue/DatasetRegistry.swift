import Foundation
import Runtime

/// The data sets that are known by name, and the folders in which they are looked for.
public struct DatasetRegistry: Sendable {
  /// The entries, in the order in which they are listed.
  public var entries: [DatasetEntry]
  /// Folders that hold a folder for each data set; earlier ones win.
  public var roots: [String]
  /// Where `fetch` puts data sets.
  public var cache: String

  /// A registry with entries and folders of one's own.
  public init(entries: [DatasetEntry], roots: [String], cache: String) {
    self.entries = entries
    self.roots = roots
    self.cache = cache
  }

  /// The known data sets; looked for in the folders of `KIRCHHOFF_DATA` (separated by colons),
  /// `data` and `../shared/data`, and the cache (`$XDG_CACHE_HOME/kirchhoff`, else
  /// `~/.cache/kirchhoff`), where `fetch` also puts them.
  public static func standard(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> DatasetRegistry {
    func folder(_ key: String) -> String? { environment[key].flatMap { $0.isEmpty ? nil : $0 } }
    let home = folder("HOME") ?? NSHomeDirectory()
    let cache = joined(folder("XDG_CACHE_HOME") ?? joined(home, ".cache"), "kirchhoff")
    let own = (folder("KIRCHHOFF_DATA") ?? "").split(separator: ":").map(String.init)
    return DatasetRegistry(
      entries: DatasetEntry.known, roots: own + ["data", "../shared/data", cache], cache: cache)
  }

  /// The entry of this name.
  ///
  /// - Throws: `KirchhoffError` that suggests the nearest name.
  public func entry(_ name: String) throws -> DatasetEntry {
    if let entry = entries.first(where: { $0.name == name }) { return entry }
    throw unknown(name)
  }

  func unknown(_ name: String) -> KirchhoffError {
    let names = entries.map(\.name)
    return KirchhoffError(
      .data, subject: "data set", found: "the unknown name \"\(name)\"",
      expected: "one of \(names.joined(separator: ", ")), or a path",
      hint: nearest(name, in: names).map { "did you mean \($0)?" })
  }

  /// The folder that holds all files of `entry`, or nil.
  public func locate(_ entry: DatasetEntry) -> String? {
    let candidates = roots.flatMap { root in entry.folders.map { joined(root, $0) } }
    return (candidates + entry.systemFolders).first { files(of: entry, in: $0) != nil }
  }

  /// Training and test files of a data set in one folder.
  struct Files {
    var training: [String]
    var test: [String]
  }

  /// The files that `entry` is read from if all are in `folder`, compressed or not.
  func files(of entry: DatasetEntry, in folder: String) -> Files? {
    func find(_ names: [String]) -> [String]? {
      let found = names.compactMap { Self.existing(joined(folder, $0)) }
      return found.count == names.count ? found : nil
    }
    switch entry.layout {
    case .mnist:
      guard let training = find(["train-images-idx3-ubyte", "train-labels-idx1-ubyte"]),
        let test = find(["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
      else { return nil }
      return Files(training: training, test: test)
    case .cifar(let kind):
      let inner = kind == .cifar10 ? "cifar-10-batches-bin" : "cifar-100-binary"
      if FileBytes.isFolder(joined(folder, inner)) {
        return files(of: entry, in: joined(folder, inner))
      }
      let names = kind == .cifar10 ? (1...5).map { "data_batch_\($0).bin" } : ["train.bin"]
      guard let training = find(names),
        let test = find([kind == .cifar10 ? "test_batch.bin" : "test.bin"])
      else { return nil }
      return Files(training: training, test: test)
    case .images:
      guard let training = ImageFolder.subfolder(of: folder, named: ImageFolder.trainingNames),
        let test = ImageFolder.subfolder(of: folder, named: ImageFolder.testNames)
      else { return nil }
      return Files(training: [training], test: [test])
    }
  }

  /// `path`, or `path.gz`, or MNIST's older spelling with a dot before "idx".
  static func existing(_ path: String) -> String? {
    let dotted = path.replacingOccurrences(of: "-idx", with: ".idx")
    return [path, path + ".gz", dotted, dotted + ".gz"].first { FileBytes.size($0) != nil }
  }
}
