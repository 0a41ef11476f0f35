import Datasets
import Foundation
import Runtime
import Testing

@Suite struct ArchiveTests {
  /// RFC 1321, appendix A.5, and FIPS 180-4's examples; the long one spans many blocks.
  @Test(arguments: [
    ("", "d41d8cd98f00b204e9800998ecf8427e"),
    ("abc", "900150983cd24fb0d6963f7d28e17f72"),
    (
      "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
      "57edf4a22be3c955ac49da2e2107b67a"
    ),
  ]) func md5(text: String, digits: String) {
    #expect(Checksum.md5Digits(Array(text.utf8)) == digits)
  }

  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ]) func sha256(text: String, digits: String) {
    #expect(Checksum.sha256Digits(Array(text.utf8)) == digits)
  }

  @Test func tarEntriesAndLongNames() throws {
    let long = String(repeating: "d/", count: 60) + "file.bin"
    let archive =
      Encode.tarEntry("folder/", [], type: "5")
      + Encode.tarEntry("././@LongLink", Array(long.utf8) + [0], type: "L")
      + Encode.tarEntry(String(long.prefix(100)), [1, 2, 3])
      + Encode.tarEntry(
        "pax", Array("30 mtime=1350244992.023960108\n15 path=αβγ\n".utf8), type: "x")
      + Encode.tarEntry("short", [UInt8](repeating: 9, count: 513))
      + [UInt8](repeating: 0, count: 1024)
    let entries = try Tar.entries(archive, path: "t")
    #expect(entries.map(\.name) == [long, "αβγ"])
    #expect(Array(archive[entries[0].range]) == [1, 2, 3])
    #expect(entries[1].range.count == 513)
  }

  @Test func tarErrors() throws {
    let folder = try TemporaryFolder()
    let good = Encode.tar([("a", [UInt8](repeating: 1, count: 600))])
    expectError(.data, "t, byte 512", "end of the archive") {
      _ = try Tar.entries(Array(good.prefix(700)), path: "t")
    }
    var damaged = good
    damaged[3] ^= 1
    expectError(.data, "byte 0", "damaged tar header") {
      _ = try Tar.entries(damaged, path: "t")
    }
    for name in ["../outside", "/absolute", "a/../../b"] {
      expectError(.data, name, "inside the archive") {
        try Tar.extract(Encode.tar([(name, [1])]), path: "t", to: folder.path + "/x")
      }
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/outside"))
  }
}
