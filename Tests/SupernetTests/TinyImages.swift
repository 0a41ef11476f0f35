import Foundation
import Kirchhoff

/// A folder of its own that goes with the object.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/kirchhoff-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file in it.
  func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// Four classes of 8 × 8 images, told apart by the quarter that is bright, in IDX files.
enum TinyImages {
  static let trainingCount = 32

  /// Writes the four files of an MNIST-like folder and gives its path.
  static func write(in folder: TemporaryFolder) throws -> String {
    let path = folder.file("quarters")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (part, count) in [("train", trainingCount), ("t10k", 16)] {
      try Data(header(3, [count, 8, 8]) + pixels(count))
        .write(to: URL(fileURLWithPath: "\(path)/\(part)-images-idx3-ubyte"))
      try Data(header(1, [count]) + (0..<count).map { UInt8($0 % 4) })
        .write(to: URL(fileURLWithPath: "\(path)/\(part)-labels-idx1-ubyte"))
    }
    return path
  }

  /// The data set of such a folder.
  static func load(in folder: TemporaryFolder) throws -> DatasetPair {
    try DatasetRegistry.standard().load(DatasetSource(write(in: folder)))
  }

  private static func pixels(_ count: Int) -> [UInt8] {
    (0..<count * 64).map { index in
      let (image, row, column) = (index / 64, index / 8 % 8, index % 8)
      let isBright = row / 4 * 2 + column / 4 == image % 4
      // A little texture keeps images of one class apart.
      return UInt8((isBright ? 180 : 30) + (image * 7 + row * 13 + column * 5) % 60)
    }
  }

  private static func header(_ rank: UInt8, _ extents: [Int]) -> [UInt8] {
    [0, 0, 8, rank]
      + extents.flatMap { extent in (0..<4).map { UInt8(extent >> (24 - 8 * $0) & 255) } }
  }
}
