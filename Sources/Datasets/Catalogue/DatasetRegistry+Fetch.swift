import Foundation
import Runtime

extension DatasetRegistry {
  /// Downloads a data set's published files into the cache and unpacks archives.
  ///
  /// A file that is there with the right checksum is kept; an interrupted one is continued; nothing
  /// appears under its final name before its checksum is right.
  ///
  /// - Parameters:
  ///   - name: a name of the registry.
  ///   - attempts: how often a source is tried again after a network failure.
  ///   - progress: called from a background thread.
  ///   - isCancelled: asked while data arrives.
  /// - Returns: the folder of the data set.
  /// - Throws: `KirchhoffError` for an unknown name, a failed download, a wrong checksum.
  public func fetch(
    _ name: String, attempts: Int = 3,
    progress: @escaping @Sendable (FetchProgress) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> String {
    let entry = try entry(name)
    let folder = joined(cache, entry.name)
    try Self.makeFolder(folder)
    for (number, file) in entry.files.enumerated() {
      let target = joined(folder, file.name)
      if files(of: entry, in: folder) != nil, file.name.hasSuffix(".tar.gz") { continue }
      if FileBytes.size(target) != nil, try matches(target, file) { continue }
      @Sendable func report(_ received: Int, _ total: Int?) {
        progress(
          FetchProgress(
            dataset: entry.name, file: file.name, fileNumber: number + 1,
            fileCount: entry.files.count, receivedBytes: received,
            totalBytes: total ?? file.bytes))
      }
      try download(
        file, to: target, attempts: attempts, report: report, isCancelled: isCancelled)
      if file.name.hasSuffix(".tar.gz") { try unpack(target, into: folder) }
    }
    guard files(of: entry, in: folder) != nil else {
      throw KirchhoffError(
        .data, subject: folder, found: "files that do not make up \(entry.name)",
        expected: "the data set's own files")
    }
    return folder
  }

  private func matches(_ path: String, _ file: DatasetEntry.File) throws -> Bool {
    let bytes = try FileBytes.read(path)
    return file.checksum.computed(bytes) == file.checksum
  }

  private func download(
    _ file: DatasetEntry.File, to target: String, attempts: Int,
    report: @escaping @Sendable (Int, Int?) -> Void, isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    let partial = target + ".partial"
    var last: any Error = KirchhoffError(.internalError, subject: file.name, found: "no source")
    for source in file.urls {
      guard let url = URL(string: source) else { continue }
      for attempt in 0..<max(attempts, 1) {
        let continues = (FileBytes.size(partial) ?? 0) > 0
        do {
          try Download.run(url, partial: partial, report: report, isCancelled: isCancelled)
          try accept(partial, file, as: target, from: source)
          return
        } catch let error as KirchhoffError where error.kind == .interrupted {
          throw error
        } catch {
          last = error
          if isCancelled() { throw error }
          // A whole file with a wrong checksum will not be another one next time.
          if !continues, (error as? KirchhoffError)?.kind == .data { break }
          if attempt + 1 < attempts { Thread.sleep(forTimeInterval: 0.25 * Double(1 << attempt)) }
        }
      }
    }
    throw last
  }

  /// Gives a finished download its name, or removes it where its checksum is wrong.
  private func accept(
    _ partial: String, _ file: DatasetEntry.File, as target: String, from source: String
  ) throws {
    let found = file.checksum.computed(try FileBytes.read(partial))
    guard found == file.checksum else {
      try? FileManager.default.removeItem(atPath: partial)
      throw KirchhoffError(
        .data, subject: source, found: "\(found)", expected: "\(file.checksum)",
        hint: "the download was discarded: the server may have changed the file")
    }
    guard rename(partial, target) == 0 else {
      throw FileBytes.failure(target, "cannot be renamed from .partial")
    }
  }

  /// Unpacks beside the final place and moves it there when it is complete.
  private func unpack(_ archive: String, into folder: String) throws {
    let temporary = joined(folder, ".unpacking")
    try? FileManager.default.removeItem(atPath: temporary)
    defer { try? FileManager.default.removeItem(atPath: temporary) }
    try Tar.extract(
      try FileBytes.readDecompressed(archive), path: archive, to: temporary)
    for name in try FileBytes.names(in: temporary) {
      let target = joined(folder, name)
      try? FileManager.default.removeItem(atPath: target)
      guard rename(joined(temporary, name), target) == 0 else {
        throw FileBytes.failure(target, "cannot be moved into place")
      }
    }
  }

  private static func makeFolder(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw KirchhoffError(
        .io, subject: path, found: "a folder that cannot be made: \(error.localizedDescription)",
        hint: "choose another one with XDG_CACHE_HOME")
    }
  }
}
