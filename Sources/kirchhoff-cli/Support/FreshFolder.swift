import Foundation
import Kirchhoff

/// Takes back the folders that were made for a run which then could not begin.
struct FreshFolder {
  /// The folder and those above it that were not there, the deepest first.
  private let absent: [String]
  private let ownFiles: [String]

  /// Notes which folders on the way to `path` are absent now; `ownFiles` are what the run makes
  /// before it begins.
  init(_ path: String, ownFiles: [String]) {
    var absent: [String] = []
    var path = path
    while !path.isEmpty, path != "/", !FileManager.default.fileExists(atPath: path) {
      absent.append(path)
      path = PathParts.folder(of: path)
    }
    self.absent = absent
    self.ownFiles = ownFiles
  }

  /// Removes them as far as they hold nothing but what was made for the run.
  func remove() {
    guard let folder = absent.first,
      let names = try? FileManager.default.contentsOfDirectory(atPath: folder),
      Set(names).isSubset(of: ownFiles)
    else { return }
    for name in names { unlink("\(folder)/\(name)") }
    for folder in absent { rmdir(folder) }
  }
}
