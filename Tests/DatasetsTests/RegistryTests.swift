import Datasets
import Foundation
import Runtime
import Testing

@Suite struct RegistryTests {
  private let folder: TemporaryFolder
  private var registry: DatasetRegistry

  init() throws {
    folder = try TemporaryFolder()
    registry = DatasetRegistry.standard(environment: [
      "HOME": folder.path + "/home", "KIRCHHOFF_DATA": folder.path + "/one:\(folder.path)/two",
    ])
    // Nothing of this machine: only the folders of the test.
    registry.roots = registry.roots.filter { $0.hasPrefix(folder.path) }
    for index in registry.entries.indices { registry.entries[index].systemFolders = [] }
  }

  private func writeMNIST(_ place: String, count: Int = 6) throws {
    for (split, n) in [("train", count), ("t10k", 2)] {
      let images = Encode.idx([n, 28, 28], [UInt8](repeating: 51, count: n * 784))
      try folder.write("\(place)/\(split)-images-idx3-ubyte", images)
      try folder.write(
        "\(place)/\(split)-labels-idx1-ubyte.gz",
        Encode.gzip(Encode.idx([n], (0..<n).map { UInt8($0 % 10) })))
    }
  }

  @Test func standardFolders() {
    let home = DatasetRegistry.standard(environment: ["HOME": "/h"])
    #expect(home.cache == "/h/.cache/kirchhoff")
    #expect(home.roots == ["data", "../shared/data", "/h/.cache/kirchhoff"])
    let other = DatasetRegistry.standard(environment: [
      "HOME": "/h", "XDG_CACHE_HOME": "/x", "KIRCHHOFF_DATA": "/a:/b",
    ])
    #expect(other.cache == "/x/kirchhoff")
    #expect(other.roots.starts(with: ["/a", "/b"]))
  }

  @Test func findsTheFirstCompleteCopy() throws {
    let entry = try registry.entry("mnist")
    #expect(registry.locate(entry) == nil)
    try folder.write("one/mnist/train-images-idx3-ubyte", [1])
    #expect(registry.locate(entry) == nil)
    try writeMNIST("home/.cache/kirchhoff/mnist")
    #expect(registry.locate(entry) == folder.path + "/home/.cache/kirchhoff/mnist")
    try writeMNIST("two/MNIST/raw")
    #expect(registry.locate(entry) == folder.path + "/two/MNIST/raw")
    let pair = try registry.load(DatasetSource("mnist"))
    #expect(pair.training.count == 6 && pair.test.count == 2)
    #expect(!pair.training.mirrorKeepsClass)
    #expect(pair.test.classCount == 10)
    let listing = try #require(registry.list().first { $0.name == "mnist" })
    #expect(listing.folder == folder.path + "/two/MNIST/raw")
    #expect(listing.downloadBytes == 11_594_722)
    #expect(listing.bytesOnDisk! > 6 * 784)
    #expect(registry.list().first { $0.name == "cifar10" }?.folder == nil)
  }

  @Test func cifarFoldersBringTheirNames() throws {
    for index in 1...5 {
      try folder.write(
        "one/cifar10/cifar-10-batches-bin/data_batch_\(index).bin", Encode.cifar10([UInt8(index)]))
    }
    try folder.write(
      "one/cifar10/cifar-10-batches-bin/test_batch.bin.gz", Encode.gzip(Encode.cifar10([7, 8])))
    let pair = try registry.load(DatasetSource("cifar10"))
    #expect(pair.training.labels == [1, 2, 3, 4, 5])
    #expect(pair.test.labels == [7, 8])
    let record = [UInt8(0), 5] + [UInt8](repeating: 0, count: 3072)
    try folder.write("one/cifar100/train.bin", record)
    try folder.write("one/cifar100/test.bin", record)
    let names = (0..<100).map { "class \($0)" }
    try folder.write(
      "one/cifar100/fine_label_names.txt", text: names.joined(separator: "\n") + "\n")
    #expect(try registry.load(DatasetSource("cifar100")).test.classNames == names)
    try folder.write("one/cifar100/fine_label_names.txt", text: "a\nb\n")
    expectError(.data, "fine_label_names.txt", "2 names", "100") {
      _ = try registry.load(DatasetSource("cifar100"))
    }
  }

  @Test func pathsOfEveryFormat() throws {
    let bin = try folder.write("x/part.bin.gz", Encode.gzip(Encode.cifar10([0, 1, 0, 1, 0, 1])))
    var source = DatasetSource(bin)
    source.testShare = 0.34
    var pair = try registry.load(source)
    #expect(pair.training.count == 4 && pair.test.classCounts.prefix(2) == [1, 1])
    source.test = try folder.write("x/other.bin", Encode.cifar10([3]))
    pair = try registry.load(source)
    #expect(pair.training.count == 6 && pair.test.labels == [3] && pair.test.split == "test")

    try writeMNIST("y/kmnist")
    pair = try registry.load(DatasetSource(folder.path + "/y/kmnist"))
    #expect(pair.training.classNames[1] == "ki")
    pair = try registry.load(DatasetSource(folder.path + "/y/kmnist/train-images-idx3-ubyte"))
    #expect(pair.training.count == 5 && pair.test.count == 1)
    try writeMNIST("y/unnamed")
    #expect(try registry.load(DatasetSource(folder.path + "/y/unnamed")).training.classCount == 6)

    let csv = try folder.write("t.csv", text: "a,label\n1,x\n2,y\n3,x\n4,y\n5,x\n6,y\n")
    pair = try registry.load(DatasetSource(csv))
    #expect(pair.training.count == 5 && pair.training.classNames == ["x", "y"])
  }

  @Test func unknownAndMissing() throws {
    expectError(.data, "\"fashion-mnits\"", "did you mean fashion-mnist?", "or a path") {
      _ = try registry.load(DatasetSource("fashion-mnits"))
    }
    expectError(.data, "mnist", "no complete copy", "kirchhoff data fetch mnist") {
      _ = try registry.load(DatasetSource("mnist"))
    }
    expectError(.io, "./nowhere", "file or folder") {
      _ = try registry.load(DatasetSource("./nowhere"))
    }
    let odd = try folder.write("odd.dat", [1, 2, 3, 4, 5, 6, 7, 8])
    expectError(.data, "odd.dat", "0x01020304", "IDX", "table") {
      _ = try registry.load(DatasetSource(odd))
    }
    let short = try folder.write("short.bin", [1, 2, 3])
    expectError(.data, "short.bin", "3 bytes", "multiple of 3073") {
      _ = try registry.load(DatasetSource(short))
    }
    let lonely = try folder.write("a-images-idx3-ubyte", Encode.idx([1, 1, 1], [1]))
    expectError(.data, "no label file", "a-labels-idx1-ubyte") {
      _ = try registry.load(DatasetSource(lonely))
    }
    let csv = try folder.write("t.csv", text: "a,label\n1,x\n")
    var source = DatasetSource(csv)
    source.testShare = 1
    expectError(.config, "data.testShare") { _ = try registry.load(source) }
  }

  @Test func configForms() throws {
    func decode(_ json: String) throws -> DatasetSource {
      try JSONDecoder().decode([DatasetSource].self, from: Data("[\(json)]".utf8))[0]
    }
    #expect(try decode("\"mnist\"") == DatasetSource("mnist"))
    let full = try decode("{\"name\": \"photos\", \"size\": [64, 48], \"testShare\": 0.1}")
    #expect(full.size == [64, 48] && full.testShare == 0.1)
    #expect(
      try JSONDecoder().decode(DatasetSource.self, from: JSONEncoder().encode(full)) == full)
    expectError(.config, "\"nme\"", "did you mean name?") { _ = try decode("{\"nme\": \"x\"}") }
  }

  @Test func verifyReportsWhatIsThere() throws {
    try writeMNIST("two/mnist", count: 12)
    let report = try registry.verify("mnist")
    #expect(report.parts.map(\.split) == ["train", "test"])
    #expect(report.parts[0].classCounts == [2, 2, 1, 1, 1, 1, 1, 1, 1, 1])
    #expect(report.parts[0].mean == [0.2])
    #expect(report.files.count == 4)
    #expect(report.isPublished == false)
    #expect("\(report)".contains("12 samples of 28×28×1, 10 classes"))

    // A file that the registry knows, plain and compressed anew.
    let content = Encode.idx([2], [1, 2])
    var known = registry
    known.entries[1].files[0].checksum = .md5(Checksum.md5Digits(Encode.gzip(content)))
    known.entries[1].files[0].contentChecksum = .sha256(Checksum.sha256Digits(content))
    for bytes in [Encode.gzip(content), content] {
      try folder.write("z/p-labels-idx1-ubyte", bytes)
      try folder.write("z/p-images-idx3-ubyte", Encode.idx([2, 1, 1], [1, 2]))
      let report = try known.verify(folder.path + "/z/p-images-idx3-ubyte")
      #expect(
        report.files.map(\.published) == [nil, "mnist:train-images-idx3-ubyte.gz"])
    }
    try folder.write("pictures/c/a.png", Encode.png(height: 1, width: 1, channels: 1, [255]))
    let pictures = try registry.verify(folder.path + "/pictures")
    #expect(pictures.isPublished == nil)
    #expect(pictures.parts[0].mean == [1])
    let archive = try folder.write("a.tar.gz", Encode.gzip(Encode.tar([("x", [1]), ("y", [2])])))
    #expect(try registry.verify(archive).format == "archive of 2 files")
    expectError(.data, "unknown name \"mnits\"") { _ = try registry.verify("mnits") }
    expectError(.data, "cifar10", "fetch cifar10") { _ = try registry.verify("cifar10") }
  }
}
