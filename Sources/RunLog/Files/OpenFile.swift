import Foundation
import Runtime

/// An open file whose failures name the file, the operation and the reason.
///
/// Everything goes straight to the system (no buffer in this process), so that whatever `write` has
/// accepted survives `kill -9`.
package final class OpenFile {
  package let path: String
  package private(set) var descriptor: Int32

  /// Opens `path` with the flags of `open(2)`; close-on-exec is added.
  package init(path: String, flags: Int32, mode: mode_t = 0o666) throws {
    self.path = path
    descriptor = open(path, flags | O_CLOEXEC, mode)
    if descriptor < 0 { throw KirchhoffError.system(path, "open", errno) }
  }

  deinit {
    if descriptor >= 0 { _ = Foundation.close(descriptor) }
  }

  /// Appends or writes at the current place, all of `bytes` or an error.
  package func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while let start = rest.baseAddress, !rest.isEmpty {
      let count = Foundation.write(descriptor, start, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw KirchhoffError.system(path, "write", errno, bytes: rest.count)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  package func write(_ text: String) throws {
    var text = text
    try text.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
  }

  package func write(_ data: Data) throws {
    try data.withUnsafeBytes { try write($0) }
  }

  /// Writes all of `bytes` at `offset`, leaving the current place where it is.
  package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    var rest = bytes
    var offset = offset
    while let start = rest.baseAddress, !rest.isEmpty {
      let count = pwrite(descriptor, start, rest.count, off_t(offset))
      if count < 0 {
        if errno == EINTR { continue }
        throw KirchhoffError.system(path, "write", errno, bytes: rest.count)
      }
      offset += count
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// The length in bytes.
  package func size() throws -> Int {
    var status = stat()
    if fstat(descriptor, &status) != 0 { throw KirchhoffError.system(path, "stat", errno) }
    return Int(status.st_size)
  }

  package func truncate(to size: Int) throws {
    if ftruncate(descriptor, off_t(size)) != 0 {
      throw KirchhoffError.system(path, "truncate", errno)
    }
  }

  /// Forces the contents to the disk.
  ///
  /// Pipes and devices that cannot be synced are let through.
  package func sync() throws {
    if fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP {
      throw KirchhoffError.system(path, "sync", errno)
    }
  }

  /// Closes and reports what the system only says now (delayed write errors).
  package func close() throws {
    guard descriptor >= 0 else { return }
    let result = Foundation.close(descriptor)
    descriptor = -1
    if result != 0, errno != EINTR { throw KirchhoffError.system(path, "close", errno) }
  }
}

extension KirchhoffError {
  /// A failed system call on `path`, told so that the reader knows what to do about it.
  package static func system(
    _ path: String, _ operation: String, _ code: Int32, bytes: Int? = nil
  ) -> KirchhoffError {
    let reason = String(cString: strerror(code))
    let amount = bytes.map { "room for \($0) more bytes" }
    switch code {
    case ENOSPC, EDQUOT:
      return KirchhoffError(
        .io, subject: path, place: operation, found: "a full disk (\(reason))",
        expected: amount ?? "free space",
        hint: "free some space or choose another folder; what was there before is untouched")
    case EROFS, EACCES, EPERM:
      return KirchhoffError(
        .io, subject: path, place: operation, found: "no permission to write (\(reason))",
        expected: "a place this user may write to", hint: "choose another folder")
    case ENOENT:
      return KirchhoffError(
        .io, subject: path, place: operation, found: "nothing there (\(reason))",
        expected: "an existing file or folder")
    default:
      return KirchhoffError(
        .io, subject: path, place: operation, found: "\(reason) (errno \(code))",
        expected: "success")
    }
  }
}
