import Foundation
import Runtime

/// Whole files in memory, through gzip where they are compressed.
enum FileBytes {
  /// The bytes of the file as they are on disk.
  static func read(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path, "cannot be opened") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(path, "cannot be examined") }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw KirchhoffError(.io, subject: path, found: "a folder", expected: "a file")
    }
    let size = Int(status.st_size)
    var done = 0
    var problem: KirchhoffError?
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while done < size {
        let got = Foundation.read(descriptor, buffer.baseAddress! + done, size - done)
        if got < 0 && errno == EINTR { continue }
        if got < 0 { problem = failure(path, "cannot be read", place: "byte \(done)") }
        if got <= 0 { break }
        done += got
      }
      count = done
    }
    if let problem { throw problem }
    return bytes
  }

  /// The bytes of the file, decompressed if they begin with gzip's magic number.
  static func readDecompressed(_ path: String) throws -> [UInt8] {
    let bytes = try read(path)
    return Gzip.isGzip(bytes) ? try Gzip.decompress(bytes, path: path) : bytes
  }

  /// The first bytes of the file's content, decompressed if need be: enough to recognise a format.
  static func readPrefix(_ path: String, count: Int) throws -> [UInt8] {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw failure(path, "cannot be opened")
    }
    defer { try? handle.close() }
    let head: [UInt8]
    do {
      // Deflate never turns 64 KiB into fewer than a few hundred bytes of content.
      head = [UInt8](try handle.read(upToCount: max(count, 1 << 16)) ?? Data())
    } catch {
      throw KirchhoffError(.io, subject: path, found: "\(error.localizedDescription)")
    }
    let content = Gzip.isGzip(head) ? Gzip.decompressPrefix(head, count: count) : head
    return Array(content.prefix(count))
  }

  /// Size on disk in bytes, or nil where there is no such regular file.
  static func size(_ path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }

  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The names in a folder without hidden ones, in byte order (the same on every machine).
  static func names(in folder: String) throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder)
        .filter { !$0.hasPrefix(".") }
        .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    } catch {
      throw KirchhoffError(
        .io, subject: folder, found: "a folder that cannot be listed",
        expected: "a readable folder")
    }
  }

  /// An I/O error that carries the system's own explanation.
  static func failure(_ path: String, _ what: String, place: String? = nil) -> KirchhoffError {
    KirchhoffError(
      .io, subject: path, place: place, found: "\(what): \(String(cString: strerror(errno)))")
  }
}

/// Joins a folder and a name.
func joined(_ folder: String, _ name: String) -> String {
  folder.hasSuffix("/") ? folder + name : folder + "/" + name
}
