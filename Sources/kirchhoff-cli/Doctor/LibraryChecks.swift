import Foundation
import Kirchhoff

/// The libraries this program runs with.
enum LibraryChecks {
  static var all: [Check] {
    [blas, blasCore]
      + [
        library("LAPACKE", file: "liblapacke."), library("zlib", file: "libz."),
        library("libpng", file: "libpng"),
        library("turbojpeg", file: "libturbojpeg."),
      ]
  }

  private static var blas: Check {
    let version = BLAS.configuration.split(separator: " ").prefix(2).joined(separator: " ")
    let place = path(of: "libopenblas").map { ", \($0)" } ?? ""
    let found = "\(version), \(BLAS.threading) build\(place)"
    switch BLAS.threading {
    case .serial:
      return Check(
        "OpenBLAS", .missing, "\(found): wrong results when several threads use it",
        fix: "sudo apt-get install libopenblas0-pthread && sudo apt-get remove libopenblas0-serial")
    case .openMP:
      return Check(
        "OpenBLAS", .warning, "\(found): its own threads may disturb ours",
        fix: "sudo apt-get install libopenblas0-pthread")
    case .pthreads: return Check("OpenBLAS", found)
    }
  }

  private static var blasCore: Check {
    let name = "OpenBLAS core"
    // Asking a serial build for its core would end the process.
    guard BLAS.threading != .serial else { return Check(name, .warning, "not asked for") }
    if let warning = BLAS.warning {
      return Check(name, .warning, warning, fix: "unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE")
    }
    let forced = BLAS.environmentOverride.map { " (\($0) is set, and does no harm)" } ?? ""
    return Check(name, BLAS.coreName + forced)
  }

  /// The program does not start without its libraries, so what is left to say is which they are.
  private static func library(_ name: String, file: String) -> Check {
    Check(name, path(of: file) ?? "part of this program")
  }

  /// The path of the loaded library whose name begins so; nil where it is linked into the program.
  private static func path(of library: String) -> String? {
    maps.first { PathParts.name(of: $0).hasPrefix(library) }
  }

  /// Files that are mapped into this process, where the system tells.
  private static let maps: [String] = {
    // The length of such a file is not known beforehand, so it is read to its end.
    let data = FileHandle(forReadingAtPath: "/proc/self/maps")?.readDataToEndOfFile() ?? Data()
    return String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap { line in
      line.firstIndex(of: "/").map { String(line[$0...]) }
    }
  }()
}
