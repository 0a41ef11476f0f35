import Foundation

/// A tiny data set in IDX files: 28 × 28 images whose class shows in the place of a bright bar.
enum SmallImages {
  /// Writes the four files of an MNIST-like folder and gives the folder's path.
  static func write(
    to folder: Folder, named name: String = "bars", training: Int = 200, test: Int = 100
  ) throws -> String {
    for (part, count) in [("train", training), ("t10k", test)] {
      try folder.write(images(count), to: "\(name)/\(part)-images-idx3-ubyte")
      try folder.write(labels(count), to: "\(name)/\(part)-labels-idx1-ubyte")
    }
    return folder.path(name)
  }

  /// An IDX file of images.
  static func images(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = [0, 0, 8, 3] + bigEndian(count) + bigEndian(28) + bigEndian(28)
    for index in 0..<count {
      let label = index % 10
      for row in 0..<28 {
        for column in 0..<28 {
          let isBar = row / 14 == label / 5 && column / 5 == label % 5
          // A little texture keeps images of one class apart.
          bytes.append(UInt8((isBar ? 200 : 20) + (index * 7 + row * 3 + column) % 40))
        }
      }
    }
    return bytes
  }

  /// The IDX file of their labels.
  static func labels(_ count: Int) -> [UInt8] {
    [0, 0, 8, 1] + bigEndian(count) + (0..<count).map { UInt8($0 % 10) }
  }

  private static func bigEndian(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(value >> (24 - 8 * $0) & 255) }
  }
}
