import Foundation
import Runtime

/// Files that are either the old one or the complete new one, whatever happens in between.
///
/// The new contents go to a temporary file in the same folder, are forced to the disk, and take the
/// final name with one `rename(2)`; then the folder itself is synced. A full disk, a signal or a
/// power cut leaves the old file untouched.
public enum AtomicFile {
  /// Replaces the file at `path` by `data`.
  ///
  /// Throws `KirchhoffError` of kind `.io` that names the file (full disk, read-only folder, ...).
  public static func write(_ data: Data, to path: String) throws {
    try write(to: path) { try $0.write(data) }
  }

  /// Replaces the file at `path` by `text` in UTF-8.
  public static func write(_ text: String, to path: String) throws {
    try write(to: path) { try $0.write(text) }
  }

  /// Replaces the file at `path` by `value` as sorted, indented JSON with a final newline.
  public static func writeJSON(_ value: some Encodable, to path: String) throws {
    var data = try JSON.encode(value, pretty: true, subject: path)
    data.append(UInt8(ascii: "\n"))
    try write(data, to: path)
  }

  /// Replaces the file at `path` by whatever `body` writes.
  package static func write<Result>(
    to path: String, _ body: (OpenFile) throws -> Result
  ) throws -> Result {
    try replace(path) { temporary in
      let file = try OpenFile(path: temporary, flags: O_RDWR | O_CREAT | O_EXCL)
      let result = try body(file)
      try file.sync()
      try file.close()
      return result
    }
  }

  /// Replaces the file at `path` by one that `body` makes under a temporary name, checks and all.
  package static func replace<Result>(
    _ path: String, _ body: (_ temporary: String) throws -> Result
  ) throws -> Result {
    let temporary = temporaryName(for: path)
    do {
      let result = try body(temporary)
      if rename(temporary, path) != 0 { throw KirchhoffError.system(path, "rename", errno) }
      try Folder.sync(Folder.parent(of: path))
      return result
    } catch {
      unlink(temporary)
      throw Self.renamed(error, from: temporary, to: path)
    }
  }

  /// A name in the same folder that no other process uses; hidden, and ending in `.tmp` so that
  /// leftovers of a killed process are recognised.
  package static func temporaryName(for path: String) -> String {
    let folder = Folder.parent(of: path)
    let name = PathParts.name(of: path)
    return "\(folder)/.\(name).\(getpid())-\(UInt32.random(in: 0 ... .max)).tmp"
  }

  /// Users know the final name, not the temporary one.
  private static func renamed(_ error: any Error, from: String, to path: String) -> any Error {
    guard let known = error as? KirchhoffError, known.subject == from else { return error }
    return KirchhoffError(
      known.kind, subject: path, place: known.place, found: known.found, expected: known.expected,
      hint: known.hint)
  }
}

/// Small file-system steps with errors that name the folder.
package enum Folder {
  package static func parent(of path: String) -> String {
    let parent = PathParts.folder(of: path)
    return parent.isEmpty ? "." : parent
  }

  package static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path)
  }

  /// Creates the folder and those above it; an existing one is fine, a file in its place is not.
  package static func create(_ path: String) throws {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
      if isFolder.boolValue { return }
      throw KirchhoffError(
        .io, subject: path, found: "a file", expected: "a folder or nothing",
        hint: "choose another name")
    }
    let above = parent(of: path)
    if above != path, !above.isEmpty { try create(above) }
    if mkdir(path, 0o777) != 0, errno != EEXIST {
      throw KirchhoffError.system(path, "create folder", errno)
    }
  }

  /// Forces the folder's list of names to the disk.
  package static func sync(_ path: String) throws {
    let folder = try OpenFile(path: path, flags: O_RDONLY | O_DIRECTORY)
    try folder.sync()
  }

  /// The names in a folder, sorted; empty when it does not exist.
  package static func names(_ path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  /// Removes a file or a whole folder under a temporary name first, so that a kill in between
  /// leaves no half of it under its own name.
  package static func remove(_ path: String) throws {
    guard exists(path) else { return }
    let doomed = AtomicFile.temporaryName(for: path)
    if rename(path, doomed) != 0 { throw KirchhoffError.system(path, "remove", errno) }
    do {
      try FileManager.default.removeItem(atPath: doomed)
    } catch {
      throw KirchhoffError(
        .io, subject: doomed, place: "remove", found: "\(error.localizedDescription)",
        expected: "success")
    }
  }

  /// Removes what killed processes left half written in `path`.
  package static func removeLeftovers(_ path: String) {
    for name in names(path) where name.hasPrefix(".") && name.hasSuffix(".tmp") {
      try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }
  }

  /// Reads a whole file, or says which one could not be read.
  package static func read(_ path: String) throws -> Data {
    let file = try OpenFile(path: path, flags: O_RDONLY)
    var data = Data(count: try file.size())
    var filled = 0
    while filled < data.count {
      let count = data.withUnsafeMutableBytes {
        Foundation.read(file.descriptor, $0.baseAddress! + filled, $0.count - filled)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw KirchhoffError.system(path, "read", errno)
      }
      if count == 0 { break }
      filled += count
    }
    return data.prefix(filled)
  }
}
