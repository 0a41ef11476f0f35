import Runtime

/// The binary records of CIFAR-10 and CIFAR-100, plain or gzip-compressed.
///
/// A record is one label byte (CIFAR-100: coarse, then fine) and 1024 red, 1024 green and 1024 blue
/// bytes, row by row; images come out channels last. Krizhevsky, "Learning Multiple Layers of
/// Features from Tiny Images", 2009.
public enum CIFAR {
  /// Which labels the records hold.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// One label byte, 10 classes.
    case cifar10
    /// Coarse and fine label bytes, 100 (fine) classes.
    case cifar100

    var labelBytes: Int { self == .cifar10 ? 1 : 2 }
    var recordBytes: Int { labelBytes + planeBytes * 3 }
    var classCount: Int { self == .cifar10 ? 10 : 100 }
  }

  static let side = 32
  static let planeBytes = side * side
  static let shape = ImageShape(height: side, width: side, channels: 3)

  /// Names of CIFAR-10's classes, in label order.
  public static let classNames10 = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]

  /// The kind that a file of this many bytes holds: the record sizes are coprime.
  static func kind(ofByteCount count: Int) -> Kind? {
    guard count > 0 else { return nil }
    return Kind.allCases.first { count % $0.recordBytes == 0 }
  }

  /// Reads record files one after the other as one data set.
  ///
  /// - Parameter classNames: empty takes the published names (CIFAR-100: numbers).
  /// - Throws: `KirchhoffError` for a damaged file, a partial record, or a label out of range.
  public static func dataset(
    files: [String], kind: Kind, name: String, split: String, classNames: [String] = []
  ) throws -> ImageDataset {
    precondition(!files.isEmpty, "CIFAR.dataset: no files")
    var pixels: [UInt8] = []
    var labels: [Int32] = []
    for path in files {
      let content = try FileBytes.readDecompressed(path)
      try append(content, path: path, kind: kind, pixels: &pixels, labels: &labels)
    }
    var names = classNames
    if names.isEmpty {
      names = kind == .cifar10 ? classNames10 : (0..<kind.classCount).map(String.init)
    }
    return ImageDataset(
      name: name, split: split, shape: shape, classNames: names, pixels: .bytes(pixels),
      labels: labels)
  }

  private static func append(
    _ content: [UInt8], path: String, kind: Kind, pixels: inout [UInt8], labels: inout [Int32]
  ) throws {
    let record = kind.recordBytes
    let count = content.count / record
    guard count > 0, content.count % record == 0 else {
      throw KirchhoffError(
        .data, subject: path, place: "byte \(count * record)",
        found: "\(content.count % record) bytes after \(count) records",
        expected: "records of \(record) bytes", hint: "the file is truncated or of another format")
    }
    pixels.reserveCapacity(pixels.count + count * shape.count)
    for index in 0..<count {
      let label = Int(content[index * record + kind.labelBytes - 1])
      guard label < kind.classCount else {
        throw KirchhoffError(
          .data, subject: path,
          place: "record \(index) (byte \(index * record + kind.labelBytes - 1))",
          found: "label \(label)", expected: "0…\(kind.classCount - 1)")
      }
      labels.append(Int32(label))
    }
    let planes = planeBytes
    let converted = [UInt8](unsafeUninitializedCapacity: count * shape.count) { target, filled in
      content.withUnsafeBufferPointer { source in
        for index in 0..<count {
          let from = source.baseAddress! + index * record + kind.labelBytes
          let to = target.baseAddress! + index * 3 * planes
          for p in 0..<planes {
            to[3 * p] = from[p]
            to[3 * p + 1] = from[planes + p]
            to[3 * p + 2] = from[2 * planes + p]
          }
        }
      }
      filled = target.count
    }
    pixels.append(contentsOf: converted)
  }
}
