import Datasets
import Foundation
import Runtime
import Testing

/// Damaged input of every format still reads or ends in a `KirchhoffError`; nothing traps.
@Suite struct DamageTests {
  private let folder: TemporaryFolder
  private let registry: DatasetRegistry

  init() throws {
    folder = try TemporaryFolder()
    registry = DatasetRegistry(entries: [], roots: [], cache: folder.path)
  }

  private func damaged(_ bytes: [UInt8], _ number: UInt64) -> [UInt8] {
    let stream = RandomStream(seed: 11, stream: number)
    var result = bytes
    if number % 3 == 0 { result.removeLast(stream.integer(at: 0, below: bytes.count)) }
    for change in 1...3 as ClosedRange<UInt64> where number % 3 != 0 && !result.isEmpty {
      // Headers are small: half of the changes go there.
      let reach = change % 2 == 0 ? min(result.count, 64) : result.count
      let place = stream.integer(at: 2 * change, below: reach)
      result[place] = UInt8(truncatingIfNeeded: stream.bits(at: 2 * change + 1))
    }
    return result
  }

  private func check(_ name: String, _ bytes: [UInt8], rounds: UInt64 = 150) throws {
    for number in 0..<rounds {
      let path = try folder.write(name, damaged(bytes, number))
      let subject = name.hasPrefix("images/") ? folder.path + "/images" : path
      do {
        let pair = try registry.load(DatasetSource(subject))
        #expect(pair.training.labels.allSatisfy { (0..<Int32(pair.training.classCount)) ~= $0 })
      } catch let error as KirchhoffError {
        #expect(error.kind == .data || error.kind == .config, "\(error)")
      }
    }
  }

  @Test(arguments: [false, true]) func records(compressed: Bool) throws {
    let wrap = compressed ? Encode.gzip : { $0 }
    try folder.write("a-labels-idx1-ubyte", Encode.idx([5], [0, 1, 2, 0, 1]))
    let pixels = [UInt8](repeating: 3, count: 45)
    try check("a-images-idx3-ubyte", wrap(Encode.idx([5, 3, 3], pixels)))
    try check("d.bin", wrap(Encode.cifar10([1, 2, 3])), rounds: 60)
    let table = (0..<20).map { "\($0),\"\($0 * 2)\",\($0 % 3)" }.joined(separator: "\n")
    try check("t.csv", wrap(Array("a,b,label\n\(table)\n".utf8)))
  }

  @Test func pictures() throws {
    let pixels = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    try folder.write("images/c/0.png", Encode.png(height: 10, width: 10, channels: 3, pixels))
    try check("images/c/1.png", Encode.png(height: 10, width: 10, channels: 3, pixels))
    try FileManager.default.removeItem(atPath: folder.path + "/images/c")
    try folder.write("images/c/0.jpg", ImageFolderTests.colourJPEG)
    try check("images/c/1.jpg", ImageFolderTests.colourJPEG)
  }

  @Test func archives() throws {
    let archive = Encode.tar([("a", [1, 2, 3]), ("b/c", [UInt8](repeating: 4, count: 700))])
    for number in 0..<300 as Range<UInt64> {
      do {
        try Tar.extract(damaged(archive, number), path: "t", to: folder.path + "/x")
      } catch let error as KirchhoffError {
        // A changed name may collide with a folder: that is an I/O error.
        #expect(error.kind == .data || error.kind == .io)
      }
    }
  }
}
