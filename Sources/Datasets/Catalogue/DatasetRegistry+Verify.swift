import Foundation
import Runtime

extension DatasetRegistry {
  /// Reads a data set in full and reports what it holds.
  ///
  /// - Parameter subject: a name of the registry or a path; a single IDX image file, CIFAR file,
  ///   table, folder of them, or folder of images.
  /// - Throws: `KirchhoffError` for the first damage.
  public func verify(_ subject: String) throws -> VerificationReport {
    var path = subject
    if let entry = entries.first(where: { $0.name == subject }) {
      guard let folder = locate(entry) else { return try missing(entry) }
      path = folder
    } else if !FileBytes.isFolder(path), FileBytes.size(path) == nil {
      guard path.contains("/") || path.contains(".") else { throw unknown(subject) }
      throw KirchhoffError(.io, subject: path, found: "nothing", expected: "a file or folder")
    }
    if let archive = try verifyArchive(path) { return archive }
    let format = try DataFormat.detect(path)
    let read = try read(path: path, source: DatasetSource(path))
    let parts = try [read.training, read.test].compactMap { $0 }.map { data in
      let normalisation = try Normalisation(measuredOn: data)
      return VerificationReport.Part(
        split: data.split, count: data.count, shape: data.shape, classNames: data.classNames,
        classCounts: data.classCounts, mean: normalisation.mean,
        deviation: normalisation.deviation)
    }
    return VerificationReport(
      subject: subject, format: format.summary, parts: parts,
      files: try recordFiles(path, format).map(report))
  }

  private func missing(_ entry: DatasetEntry) throws -> VerificationReport {
    _ = try load(entry)
    preconditionFailure("\(entry.name) was loaded but not located")
  }

  /// An archive as it was published is checked by its sum, not unpacked.
  private func verifyArchive(_ path: String) throws -> VerificationReport? {
    guard path.hasSuffix(".tar.gz") || path.hasSuffix(".tgz") else { return nil }
    let bytes = try FileBytes.read(path)
    let content = try Gzip.decompress(bytes, path: path)
    let count = try Tar.entries(content, path: path).count
    return VerificationReport(
      subject: path, format: "archive of \(count) files", parts: [],
      files: [try report(path)])
  }

  private func recordFiles(_ path: String, _ format: DataFormat) throws -> [String] {
    switch format {
    case .imageFolder: return []
    case .idx: return [path, try DataFormat.labelFile(besideImages: path)]
    case .cifar, .csv: return [path]
    case .idxFolder, .cifarFolder:
      let files = files(of: anonymousOrKnown(path), in: path)!
      return files.training + files.test
    }
  }

  private func report(_ path: String) throws -> VerificationReport.File {
    let bytes = try FileBytes.read(path)
    let content = Gzip.isGzip(bytes) ? try Gzip.decompress(bytes, path: path) : bytes
    let digits = Checksum.sha256Digits(bytes)
    let sums: Set<Checksum> = [
      .sha256(digits), .md5(Checksum.md5Digits(bytes)), .sha256(Checksum.sha256Digits(content)),
    ]
    let published = entries.lazy.flatMap { entry in entry.files.lazy.map { (entry, $0) } }
      .first { _, file in
        sums.contains(file.checksum) || file.contentChecksum.map(sums.contains) == true
      }
    return VerificationReport.File(
      path: path, bytes: bytes.count, sha256: digits,
      published: published.map { "\($0.0.name):\($0.1.name)" })
  }
}
