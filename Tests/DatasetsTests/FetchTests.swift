import Datasets
import Foundation
import Runtime
import Synchronization
import Testing

@Suite(.serialized) struct FetchTests {
  private let folder: TemporaryFolder
  private let server: TinyServer
  private var registry: DatasetRegistry
  /// The training images: large enough to arrive in many pieces.
  private let images: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    server = try TinyServer()
    let labels = [UInt8](repeating: 3, count: 500)
    let pixels = (0..<500 * 784).map { UInt8(truncatingIfNeeded: $0 &* 13 ^ $0 >> 9) }
    images = Encode.idx([500, 28, 28], pixels)
    let contents = [
      "train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": Encode.idx([500], labels),
      "t10k-images-idx3-ubyte": Encode.idx([1, 28, 28], Array(pixels.prefix(784))),
      "t10k-labels-idx1-ubyte": Encode.idx([1], [3]),
    ]
    var entry = try DatasetRegistry.standard().entry("mnist")
    entry.name = "digits"
    entry.folders = ["digits"]
    for index in entry.files.indices {
      entry.files[index].name.removeLast(3)
      let name = entry.files[index].name
      entry.files[index].urls = [server.base + name]
      entry.files[index].checksum =
        index % 2 == 0
        ? .md5(Checksum.md5Digits(contents[name]!))
        : .sha256(Checksum.sha256Digits(contents[name]!))
    }
    registry = DatasetRegistry(
      entries: [entry], roots: [folder.path], cache: folder.path)
    server.state.withLock { $0.files = contents }
  }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path + "/digits").sorted()
  }

  @Test func fetchesVerifiesAndKeeps() throws {
    let seen = Mutex<[FetchProgress]>([])
    let place = try registry.fetch("digits", progress: { p in seen.withLock { $0.append(p) } })
    #expect(place == folder.path + "/digits")
    #expect(try names().count == 4)
    #expect(try registry.load(DatasetSource("digits")).training.count == 500)
    let first = seen.withLock { $0.filter { $0.fileNumber == 1 } }
    #expect(first.map(\.receivedBytes) == first.map(\.receivedBytes).sorted())
    #expect(first.last?.receivedBytes == images.count)
    #expect(first.last?.totalBytes == images.count)
    #expect(seen.withLock { $0.last?.fileNumber } == 4)
    let requests = server.state.withLock { $0.requests.count }
    _ = try registry.fetch("digits")
    #expect(server.state.withLock { $0.requests.count } == requests)
    // A damaged file is fetched again.
    try folder.write("digits/t10k-labels-idx1-ubyte", [1, 2, 3])
    _ = try registry.fetch("digits")
    #expect(server.state.withLock { $0.requests.count } == requests + 1)
  }

  @Test(arguments: [true, false]) func continuesAfterBrokenConnections(range: Bool) throws {
    server.state.withLock {
      $0.cutAfter = [100_000, 50_000]
      $0.supportsRange = range
    }
    _ = try registry.fetch("digits")
    #expect(try registry.load(DatasetSource("digits")).training.imageBytes(at: 499) != nil)
    let requests = server.state.withLock { $0.requests }
    #expect(requests[0] == "train-images-idx3-ubyte -")
    // Whatever arrived of the first piece is not asked for again.
    let second = try #require(Int(requests[1].split(separator: " ")[1]))
    #expect(second > 0 && second <= 100_000)
    #expect(try names().allSatisfy { !$0.hasSuffix(".partial") })
  }

  @Test func continuesAPartialFileOfAnEarlierRun() throws {
    try folder.write("digits/train-images-idx3-ubyte.partial", Array(images.prefix(300_000)))
    _ = try registry.fetch("digits")
    #expect(server.state.withLock { $0.requests[0] } == "train-images-idx3-ubyte 300000")
    // A complete partial file only needs its name.
    let labels = server.state.withLock { $0.files["t10k-labels-idx1-ubyte"]! }
    try folder.write("digits/t10k-labels-idx1-ubyte.partial", labels)
    try FileManager.default.removeItem(atPath: folder.path + "/digits/t10k-labels-idx1-ubyte")
    _ = try registry.fetch("digits")
    #expect(try names().count == 4)
  }

  @Test func wrongPartialAndWrongServerContent() throws {
    // Bytes of something else in .partial: the checksum finds out, and the file starts over.
    try folder.write(
      "digits/train-images-idx3-ubyte.partial", [UInt8](repeating: 1, count: 1000))
    _ = try registry.fetch("digits")
    #expect(try names().count == 4)
    try FileManager.default.removeItem(atPath: folder.path + "/digits/t10k-labels-idx1-ubyte")
    server.state.withLock { $0.files["t10k-labels-idx1-ubyte"] = [9, 9, 9] }
    expectError(.data, "t10k-labels-idx1-ubyte", "found sha256", "expected sha256", "discarded") {
      _ = try registry.fetch("digits")
    }
    #expect(try names().count == 3)
    // A whole file that is wrong is not downloaded again and again.
    let requests = server.state.withLock { $0.requests.filter { $0.hasPrefix("t10k-labels") } }
    #expect(requests.count == 2)
  }

  @Test func networkErrors() throws {
    server.state.withLock { $0.files["train-labels-idx1-ubyte"] = nil }
    expectError(.io, server.base + "train-labels-idx1-ubyte", "HTTP status 404", "200") {
      _ = try registry.fetch("digits", attempts: 1)
    }
    // The file that was complete stays.
    #expect(try names() == ["train-images-idx3-ubyte"])
    var dead = registry
    dead.entries[0].files[1].urls = ["http://127.0.0.1:1/x"]
    expectError(.io, "http://127.0.0.1:1/x", "fetch again") {
      _ = try dead.fetch("digits", attempts: 1)
    }
    // A second source takes over.
    server.state.withLock {
      $0.files["mirror"] = Encode.idx([500], [UInt8](repeating: 3, count: 500))
    }
    dead.entries[0].files[1].urls.append(server.base + "mirror")
    _ = try dead.fetch("digits", attempts: 1)
    expectError(.data, "did you mean digits?") { _ = try registry.fetch("digit") }
  }

  @Test func cancelling() throws {
    let calls = Mutex(0)
    expectError(.interrupted, "cancelled", "continue") {
      _ = try registry.fetch(
        "digits",
        isCancelled: {
          calls.withLock {
            $0 += 1
            return $0 > 1
          }
        })
    }
    #expect(try names() == ["train-images-idx3-ubyte.partial"])
    _ = try registry.fetch("digits")
    #expect(try names().count == 4)
  }

  @Test func archivesAreUnpacked() throws {
    var files: [(String, [UInt8])] = (1...5).map {
      ("cifar-10-batches-bin/data_batch_\($0).bin", Encode.cifar10([UInt8($0), 0]))
    }
    files.append(("cifar-10-batches-bin/test_batch.bin", Encode.cifar10([9])))
    let archive = Encode.gzip(Encode.tar(files))
    server.state.withLock { $0.files["a.tar.gz"] = archive }
    var entry = try DatasetRegistry.standard().entry("cifar10")
    entry.files[0].urls = [server.base + "a.tar.gz"]
    entry.files[0].checksum = .md5(Checksum.md5Digits(archive))
    let registry = DatasetRegistry(entries: [entry], roots: [folder.path], cache: folder.path)
    _ = try registry.fetch("cifar10")
    let pair = try registry.load(DatasetSource("cifar10"))
    #expect(pair.training.labels == [1, 0, 2, 0, 3, 0, 4, 0, 5, 0])
    #expect(pair.test.labels == [9])
    _ = try registry.fetch("cifar10")
    #expect(server.state.withLock { $0.requests.count } == 1)
  }

  @Test func foldersThatCannotBeMade() throws {
    var registry = registry
    registry.cache = try folder.write("file", [1])
    expectError(.io, "cannot be made", "XDG_CACHE_HOME") { _ = try registry.fetch("digits") }
  }
}
