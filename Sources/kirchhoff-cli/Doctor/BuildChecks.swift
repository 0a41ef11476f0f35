import Foundation
import Kirchhoff

/// What it takes to build Kirchhoff from its sources; a finished program runs without.
enum BuildChecks {
  static var all: [Check] { [swift, headers] }

  private static var swift: Check {
    guard let text = output(of: ["swift", "--version"]),
      let word = text.firstMatch(of: /Swift version (\d+)\.(\d+)([.\d]*)/),
      let major = Int(word.1), let minor = Int(word.2)
    else {
      return Check(
        "Swift", .warning, "no swift on the PATH (needed to build)",
        fix: "install Swift 6.1 or later from https://www.swift.org/install")
    }
    let version = "\(major).\(minor)\(word.3)"
    return (major, minor) < (6, 1)
      ? Check(
        "Swift", .warning, "\(version), too old to build with",
        fix: "install Swift 6.1 or later from https://www.swift.org/install")
      : Check("Swift", version)
  }

  /// Module of pkg-config and the Debian package that brings it.
  private static let modules = [
    ("openblas", "libopenblas-dev"), ("lapacke", "liblapacke-dev"), ("zlib", "zlib1g-dev"),
    ("libpng", "libpng-dev"), ("libturbojpeg", "libturbojpeg0-dev"),
  ]

  private static var headers: Check {
    let name = "headers"
    guard output(of: ["pkg-config", "--version"]) != nil else {
      return Check(
        name, .warning, "no pkg-config, which finds them (needed to build)",
        fix: "sudo apt-get install pkg-config")
    }
    let missing = modules.filter { output(of: ["pkg-config", "--exists", $0.0]) == nil }
    guard !missing.isEmpty else {
      return Check(name, "of \(modules.map(\.0).joined(separator: ", "))")
    }
    return Check(
      name, .warning, "none of \(missing.map(\.0).joined(separator: ", ")) (needed to build)",
      fix: "sudo apt-get install \(missing.map(\.1).joined(separator: " "))")
  }

  /// What a command prints, or nil when it is not there or fails.
  private static func output(of words: [String]) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
  }
}
