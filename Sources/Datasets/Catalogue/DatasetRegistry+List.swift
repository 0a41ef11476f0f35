import Foundation
import Runtime

/// One line of `kirchhoff data list`.
public struct DatasetListing: Codable, Sendable {
  /// Name for configs and `fetch`.
  public var name: String
  /// What it is.
  public var summary: String
  /// Authors and year.
  public var source: String
  /// Training images.
  public var trainingCount: Int
  /// Test images.
  public var testCount: Int
  /// Size of an image, "28×28×1"; nil where they differ.
  public var shape: String?
  /// Where a complete copy lies; nil: nowhere.
  public var folder: String?
  /// Bytes of that copy on disk.
  public var bytesOnDisk: Int?
  /// Bytes that `fetch` downloads, where they are known.
  public var downloadBytes: Int?
}

extension DatasetRegistry {
  /// All known data sets and where they are.
  public func list() -> [DatasetListing] {
    entries.map { entry in
      let folder = locate(entry)
      let files = folder.flatMap { self.files(of: entry, in: $0) }
      let paths = files.map { $0.training + $0.test }
      return DatasetListing(
        name: entry.name, summary: entry.summary, source: entry.source,
        trainingCount: entry.counts.training, testCount: entry.counts.test,
        shape: entry.shape?.description, folder: folder,
        bytesOnDisk: paths?.compactMap(FileBytes.size).reduce(0, +),
        downloadBytes: entry.downloadBytes)
    }
  }
}
