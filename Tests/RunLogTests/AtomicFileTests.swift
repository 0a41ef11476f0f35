import Foundation
import RunLog
import Runtime
import Testing

@Suite struct AtomicFileTests {
  @Test func replacesTheFileAndLeavesNothingElse() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write("old", to: folder.file("a.txt"))
    try AtomicFile.write("new", to: folder.file("a.txt"))
    #expect(try folder.text("a.txt") == "new")
    #expect(folder.names == ["a.txt"])
  }

  @Test func aFailureInTheMiddleKeepsTheOldFile() throws {
    struct Stop: Error {}
    let folder = try TemporaryFolder()
    try AtomicFile.write("old", to: folder.file("a.txt"))
    #expect(throws: Stop.self) {
      try AtomicFile.write(to: folder.file("a.txt")) { file in
        try file.write("half of the n")
        throw Stop()
      }
    }
    #expect(try folder.text("a.txt") == "old")
    #expect(folder.names == ["a.txt"])
  }

  @Test func aMissingFolderIsNamed() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("absent/a.txt")
    let error = kirchhoffError { try AtomicFile.write("x", to: path) }
    #expect(error?.kind == .io)
    #expect(error?.subject == path)
    #expect(error?.found?.contains("nothing there") == true)
  }

  /// Root may write to read-only folders, so the check needs a user without that right.
  @Test(.enabled(if: getuid() != 0)) func aReadOnlyFolderIsNamed() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write("old", to: folder.file("a.txt"))
    chmod(folder.path, 0o555)
    defer { chmod(folder.path, 0o755) }
    let error = kirchhoffError { try AtomicFile.write("new", to: folder.file("a.txt")) }
    #expect(error?.kind == .io)
    #expect(error?.found?.contains("no permission") == true)
    #expect(try folder.text("a.txt") == "old")
  }

  @Test(.enabled(if: SmallDisk.isPossible)) func aReadOnlyFileSystemIsNamed() throws {
    let disk = try SmallDisk(kilobytes: 64)
    try AtomicFile.write("old", to: disk.file("a.txt"))
    try disk.makeReadOnly()
    let error = kirchhoffError { try AtomicFile.write("new", to: disk.file("a.txt")) }
    #expect(error?.kind == .io)
    #expect(error?.found?.contains("no permission to write") == true)
    #expect(try disk.text("a.txt") == "old")
  }

  @Test(.enabled(if: SmallDisk.isPossible)) func aFullDiskKeepsTheOldFile() throws {
    let disk = try SmallDisk(kilobytes: 64)
    try AtomicFile.write("old", to: disk.file("a.txt"))
    let error = kirchhoffError {
      try AtomicFile.write(Data(count: 1 << 20), to: disk.file("a.txt"))
    }
    #expect(error?.kind == .io)
    #expect(error?.subject == disk.file("a.txt"))
    #expect(error?.found?.contains("full disk") == true)
    #expect(error?.expected?.contains("bytes") == true)
    #expect(try disk.text("a.txt") == "old")
    #expect(Folder.names(disk.path) == ["a.txt"])
  }

  @Test func theFullDeviceIsAFullDisk() throws {
    guard Folder.exists("/dev/full") else { return }
    let file = try OpenFile(path: "/dev/full", flags: O_WRONLY)
    let error = kirchhoffError { try file.write("x") }
    #expect(error?.found?.contains("full disk") == true)
  }

  @Test func leftoversOfKilledProcessesAreRemoved() throws {
    let folder = try TemporaryFolder()
    try folder.write("half", to: ".a.txt.123-456.tmp")
    try folder.write("mine", to: "notes.tmp")
    Folder.removeLeftovers(folder.path)
    #expect(folder.names == ["notes.tmp"])
  }

  /// Values of the reference implementation (python-xxhash 4.1, xxh64 of the bytes 0, 1, 2, …).
  @Test(arguments: [
    (0, UInt64(0xEF46_DB37_51D8_E999)), (1, 0xE934_A84A_DB05_2768), (3, 0xE5C7_BB45_33BC_65DD),
    (31, 0xC346_D2B5_9B4D_8EE1), (32, 0xCBF5_9C51_16FF_32B4), (100, 0x6AC1_E580_3216_6597),
  ])
  func xxHash(length: Int, expected: UInt64) {
    let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
    bytes.withUnsafeBytes { #expect(XXHash64.hash($0) == expected) }
  }

  @Test(arguments: [1, 5, 31, 32, 33, 64, 77])
  func xxHashDoesNotDependOnThePieces(size: Int) {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    bytes.withUnsafeBytes { all in
      var hash = XXHash64()
      for start in stride(from: 0, to: all.count, by: size) {
        hash.update(UnsafeRawBufferPointer(rebasing: all[start..<min(start + size, all.count)]))
      }
      #expect(hash.digest == XXHash64.hash(all))
    }
  }
}

/// A file system of a few kilobytes that fills up, where this process may mount one.
final class SmallDisk {
  let path: String

  static let isPossible: Bool = {
    guard getuid() == 0, let disk = try? SmallDisk(kilobytes: 16) else { return false }
    _ = disk
    return true
  }()

  init(kilobytes: Int) throws {
    path = "\(NSTemporaryDirectory())/runlog-disk-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    if mount("tmpfs", path, "tmpfs", 0, "size=\(kilobytes)k") != 0 {
      let reason = errno
      rmdir(path)
      throw KirchhoffError.system(path, "mount", reason)
    }
  }

  deinit {
    umount2(path, Int32(MNT_DETACH))
    rmdir(path)
  }

  func makeReadOnly() throws {
    let flags = UInt(MS_REMOUNT | MS_RDONLY)
    if mount("tmpfs", path, "tmpfs", flags, nil) != 0 {
      throw KirchhoffError.system(path, "remount", errno)
    }
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: file(name))), as: UTF8.self)
  }
}
