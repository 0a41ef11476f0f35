import Foundation
import Runtime

/// The HTML report of a run.
public enum Report {
  /// Draws `report.html` of a run from its other files.
  public static func write(_ paths: RunPaths) throws {
    let config = (try? Folder.read(paths.config)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    try AtomicFile.write("<!doctype html><pre>\(config)</pre>\n", to: paths.report)
  }
}
