import Datasets
import Foundation
import Runtime
import Testing

/// Published data sets where this machine has them; skipped, visibly, where it does not.
@Suite struct RealDataTests {
  private static let registry: DatasetRegistry = {
    var registry = DatasetRegistry.standard()
    // Tests may run from the package's folder or from one below it.
    registry.roots += ["../../shared/data", "../../../shared/data"]
    return registry
  }()

  private static func has(_ name: String) -> Bool {
    (try? registry.entry(name)).flatMap { registry.locate($0) } != nil
  }

  private static func shared(_ path: String) -> String? {
    registry.roots.map { $0 + "/" + path }
      .first { FileManager.default.fileExists(atPath: $0) }
  }

  /// Whether a file and its labels are the published ones. (The large training files take half a
  /// minute without optimisation.)
  private static func isPublished(_ name: String, _ file: String) throws -> Bool {
    let folder = try #require(registry.locate(try registry.entry(name)))
    return try registry.verify(folder + "/" + file).isPublished == true
  }

  private static func byteSum(_ data: ImageDataset) throws -> Int {
    try (0..<data.count).reduce(0) { sum, index in
      try data.imageBytes(at: index)!.reduce(sum) { $0 + Int($1) }
    }
  }

  @Test(.enabled(if: has("mnist"), "MNIST is not on this machine"))
  func mnist() throws {
    let pair = try Self.registry.load(DatasetSource("mnist"))
    #expect(pair.training.count == 60_000 && pair.test.count == 10_000)
    // Counts and sums by numpy.
    #expect(
      pair.training.classCounts
        == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    #expect(try Self.byteSum(pair.training.selecting(Array(0..<1000))) == 25_637_533)
    let normalisation = try Normalisation(measuredOn: pair.test)
    #expect(abs(normalisation.mean[0] - 0.132_514_606) < 1e-6)
    #expect(abs(normalisation.deviation[0] - 0.310_480_248) < 1e-6)
    #expect(try Self.isPublished("mnist", "t10k-images-idx3-ubyte.gz"))
  }

  @Test(.enabled(if: has("fashion-mnist"), "Fashion-MNIST is not on this machine"))
  func fashionMNIST() throws {
    let pair = try Self.registry.load(DatasetSource("fashion-mnist"))
    #expect(pair.training.classCounts == [Int](repeating: 6000, count: 10))
    #expect(pair.test.classCounts == [Int](repeating: 1000, count: 10))
    #expect(pair.training.classNames[9] == "Ankle boot")
    #expect(pair.training.mirrorKeepsClass)
    // Debian's package compresses the files anew; their content is the published one.
    #expect(try Self.isPublished("fashion-mnist", "t10k-images-idx3-ubyte.gz"))
  }

  private static let lossless = "cifar10/cifar10_lossless_first4000.bin.gz"

  @Test(.enabled(if: shared(lossless) != nil, "the CIFAR-10 sample is not on this machine"))
  func cifar10Records() throws {
    let path = try #require(Self.shared(Self.lossless))
    var source = DatasetSource(path)
    source.testShare = 0.25
    let pair = try Self.registry.load(source)
    #expect(pair.training.count == 3000 && pair.test.count == 1000)
    #expect(pair.training.classNames[0] == "airplane")
    let whole = try CIFAR.dataset(files: [path], kind: .cifar10, name: "c", split: "all")
    // By numpy.
    #expect(Array(whole.labels.prefix(10)) == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3])
    #expect(whole.classCounts == [396, 366, 420, 384, 422, 393, 414, 385, 407, 413])
    #expect(try Self.byteSum(whole.selecting(Array(0..<200))) == 72_865_278)
  }
}
