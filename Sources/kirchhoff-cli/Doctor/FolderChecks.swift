import Foundation
import Kirchhoff

/// The current folder, in which runs are made.
enum FolderChecks {
  static var all: [Check] { [writing, disk] }

  private static let folder = FileManager.default.currentDirectoryPath

  private static var writing: Check {
    let name = ".kirchhoff-doctor-\(getpid())"
    let descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    guard descriptor >= 0 else {
      return Check(
        "current folder", .missing, "\(folder): \(String(cString: strerror(errno)))",
        fix: "change to a folder that you may write to, or give --run DIR")
    }
    close(descriptor)
    unlink(name)
    return Check("current folder", "\(folder), may be written to")
  }

  private static var disk: Check {
    guard let free = SystemFacts.freeDisk(folder) else {
      return Check("disk", .warning, "unknown for \(folder)")
    }
    let found = "\(megabytes(free)) free"
    switch free {
    case ..<100_000_000:
      return Check("disk", .missing, found, fix: "free space: a run takes up to 100 MB")
    case ..<2_000_000_000:
      return Check("disk", .warning, found, fix: "free space: building takes about 2 GB")
    default: return Check("disk", found)
    }
  }
}
