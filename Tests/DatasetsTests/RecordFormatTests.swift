import Datasets
import Foundation
import Runtime
import Testing

@Suite struct RecordFormatTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func images(_ name: String = "images", _ bytes: [UInt8]? = nil) throws -> String {
    try folder.write(name, bytes ?? Encode.idx([3, 2, 2], (0..<12).map { $0 * 10 }))
  }

  private func labels(_ values: [UInt8] = [0, 2, 1]) throws -> String {
    try folder.write("labels", Encode.idx([values.count], values))
  }

  @Test(arguments: [false, true]) func idxPlainAndCompressed(compressed: Bool) throws {
    let content = Encode.idx([3, 2, 2], (0..<12).map { $0 * 10 })
    let path = try images("images", compressed ? Encode.gzip(content) : content)
    let data = try IDX.dataset(
      images: path, labels: try labels(), name: "n", split: "train")
    #expect(data.shape == ImageShape(height: 2, width: 2, channels: 1))
    #expect(data.labels == [0, 2, 1])
    #expect(data.classNames == ["0", "1", "2"])
    #expect(try data.imageBytes(at: 1) == [40, 50, 60, 70])
  }

  @Test func idxOfFourDimensionsHasChannels() throws {
    let path = try images("images", Encode.idx([1, 1, 2, 3], [1, 2, 3, 4, 5, 6]))
    let data = try IDX.dataset(
      images: path, labels: try labels([0]), name: "n", split: "train")
    #expect(data.shape == ImageShape(height: 1, width: 2, channels: 3))
  }

  @Test func idxErrorsNameThePlace() throws {
    let good = Encode.idx([3, 2, 2], [UInt8](repeating: 1, count: 12))
    let wrongMagic = try images("magic", [0, 0, 9] + good.dropFirst(3))
    expectError(.data, wrongMagic, "byte 0", "0x00000903", "0x00000803") {
      _ = try IDX.read(wrongMagic, rank: 3...4)
    }
    let truncated = try images("short", Array(good.dropLast(5)))
    expectError(.data, "byte 23", "7 bytes", "12 (3 × 2 × 2)", "truncated") {
      _ = try IDX.read(truncated)
    }
    let long = try images("long", good + [0])
    expectError(.data, "byte 28", "13 bytes") { _ = try IDX.read(long) }
    let headless = try images("headless", Array(good.prefix(6)))
    expectError(.data, "byte 6", "header of 16 bytes") { _ = try IDX.read(headless) }
    let empty = try images("empty", [])
    expectError(.data, "end of the file") { _ = try IDX.read(empty) }
    let huge = try images(
      "huge", [0, 0, 8, 4] + [UInt8](repeating: 0xff, count: 16) + [1, 2, 3])
    expectError(.data, "fits in memory") { _ = try IDX.read(huge) }
    expectError(.io, "nowhere", "No such file") { _ = try IDX.read(folder.path + "/nowhere") }
    expectError(.io, "a folder") { _ = try IDX.read(folder.path) }
  }

  @Test func idxLabelsAreChecked() throws {
    let path = try images()
    let short = try labels([0, 1])
    expectError(.data, short, "2 labels", "3, one for each image") {
      _ = try IDX.dataset(images: path, labels: short, name: "n", split: "train")
    }
    let wrong = try labels([0, 7, 1])
    expectError(.data, "label 1 (byte 9)", "found 7", "0…1") {
      _ = try IDX.dataset(
        images: path, labels: wrong, name: "n", split: "train", classNames: ["a", "b"])
    }
  }

  /// Made by Python: gzip.compress(b"kirchhoff " * 20, mtime=0).
  private static let golden =
    "H4sIAAAAAAACA8vOLErOyMhPS1PIHtIsANludOfIAAAA"

  @Test func labelsThatNoNamesBoundHaveToGoTogether() throws {
    let path = try images()
    let far = try labels([0, 200, 1])
    expectError(.data, "label 1 (byte 9)", "found 200", "only 3 of 0…200 occur") {
      _ = try IDX.dataset(images: path, labels: far, name: "n", split: "train")
    }
    // Published sets exist whose labels begin at 1.
    let data = try IDX.dataset(
      images: path, labels: labels([1, 2, 3]), name: "n", split: "train")
    #expect(data.classCount == 4)
  }

  @Test func gzipOfAnotherProgram() throws {
    let bytes = [UInt8](Data(base64Encoded: Self.golden)!)
    let text = String(decoding: try Gzip.decompress(bytes, path: "g"), as: UTF8.self)
    #expect(text == String(repeating: "kirchhoff ", count: 20))
  }

  @Test func gzipOfSeveralMembersAndZeroPadding() throws {
    let bytes = Encode.gzip([1, 2]) + Encode.gzip([3]) + [0, 0, 0]
    #expect(try Gzip.decompress(bytes, path: "g") == [1, 2, 3])
  }

  @Test func gzipLargerThanItsBuffers() throws {
    let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 8) }
    // A wrong size in the trailer of an earlier member must not matter either.
    let bytes = Encode.gzip(content) + Encode.gzip([9])
    #expect(try Gzip.decompress(bytes, path: "g") == content + [9])
  }

  @Test func damagedGzip() throws {
    let good = Encode.gzip([UInt8](repeating: 7, count: 1000))
    expectError(.data, "g, byte 500", "end of the file", "truncated") {
      _ = try Gzip.decompress(Array(good.prefix(500)), path: "g")
    }
    var flipped = good
    flipped[200] ^= 0x40
    expectError(.data, "damaged gzip", "incorrect data check") {
      _ = try Gzip.decompress(flipped, path: "g")
    }
    expectError(.data, "byte 1023", "unknown bytes after") {
      _ = try Gzip.decompress(good + [1, 2, 3], path: "g")
    }
  }

  @Test(arguments: [false, true]) func cifar10BecomesChannelsLast(compressed: Bool) throws {
    let records = Encode.cifar10([3, 9])
    let path = try folder.write("data.bin", compressed ? Encode.gzip(records) : records)
    let data = try CIFAR.dataset(files: [path], kind: .cifar10, name: "c", split: "train")
    #expect(data.labels == [3, 9])
    #expect(data.classNames[3] == "cat")
    let second = try #require(try data.imageBytes(at: 1))
    // Pixel 100: red 7 + 100, green 5 more, blue 10 more.
    #expect(Array(second[300..<303]) == [107, 112, 117])
  }

  @Test func cifar100TakesTheFineLabel() throws {
    let record = [UInt8(4), 99] + [UInt8](repeating: 1, count: 3072)
    let path = try folder.write("train.bin", record + record)
    let data = try CIFAR.dataset(files: [path], kind: .cifar100, name: "c", split: "train")
    #expect(data.labels == [99, 99])
    #expect(data.classCount == 100)
  }

  @Test func cifarErrorsNameThePlace() throws {
    let short = try folder.write("short.bin", Array(Encode.cifar10([1, 2]).dropLast(10)))
    expectError(.data, short, "byte 3073", "3063 bytes after 1 records", "3073 bytes") {
      _ = try CIFAR.dataset(files: [short], kind: .cifar10, name: "c", split: "train")
    }
    let wrong = try folder.write("wrong.bin", Encode.cifar10([1, 10]))
    expectError(.data, "record 1 (byte 3073)", "label 10", "0…9") {
      _ = try CIFAR.dataset(files: [wrong], kind: .cifar10, name: "c", split: "train")
    }
  }
}
