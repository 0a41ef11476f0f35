import Foundation
import Runtime

/// Keeps two processes from writing to one run directory.
///
/// The system drops the lock when the process ends, however it ends.
final class RunLock {
  private let file: OpenFile

  /// Takes the lock, or throws `.usage` that names the process holding it.
  init(path: String, run: String) throws {
    file = try OpenFile(path: path, flags: O_RDWR | O_CREAT)
    while flock(file.descriptor, LOCK_EX | LOCK_NB) != 0 {
      if errno == EINTR { continue }
      guard errno == EWOULDBLOCK else { throw KirchhoffError.system(path, "lock", errno) }
      let holder = (try? Folder.read(path)).map { String(decoding: $0, as: UTF8.self) } ?? ""
      throw KirchhoffError(
        .usage, subject: run,
        found: "a run in use by process \(holder.trimmingCharacters(in: .whitespacesAndNewlines))",
        expected: "a run directory that no other process writes to",
        hint: "wait for it, stop it, or choose another --run")
    }
    try file.truncate(to: 0)
    try file.write("\(getpid())\n")
  }

  /// Gives the lock up before the object goes.
  func release() { try? file.close() }
}
