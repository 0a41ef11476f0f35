/// What `kirchhoff data verify` found: every file read in full, every label checked.
public struct VerificationReport: Codable, Sendable {
  /// One split.
  public struct Part: Codable, Sendable {
    /// "train", "test", or "all".
    public var split: String
    /// Number of samples.
    public var count: Int
    /// Size of a sample.
    public var shape: ImageShape
    /// Names of the classes, in label order.
    public var classNames: [String]
    /// Samples of each class.
    public var classCounts: [Int]
    /// Mean of each channel (bytes / 255).
    public var mean: [Float]
    /// Standard deviation of each channel.
    public var deviation: [Float]
  }

  /// One file.
  public struct File: Codable, Sendable {
    /// Where it is.
    public var path: String
    /// Its size on disk.
    public var bytes: Int
    /// Its SHA-256.
    public var sha256: String
    /// The published data set that it is a file of, recognised by checksum: "mnist:train-images…".
    public var published: String?
  }

  /// What was asked for: a path, or a data set's name.
  public var subject: String
  /// What it holds, in a few words.
  public var format: String
  /// Its splits.
  public var parts: [Part]
  /// The files of record formats (image folders are not summed file by file).
  public var files: [File]

  /// Whether every file is one that its authors published; nil for folders of images.
  public var isPublished: Bool? {
    files.isEmpty ? nil : files.allSatisfy { $0.published != nil }
  }
}

extension VerificationReport: CustomStringConvertible {
  /// A few lines of text.
  public var description: String {
    var lines = ["\(subject): \(format)"]
    for part in parts {
      lines.append(
        "  \(part.split): \(part.count) samples of \(part.shape), \(part.classNames.count) classes")
      // Wide tables have as many channels as columns: the first few show enough.
      let channels = zip(part.mean, part.deviation).prefix(4)
        .map { "\(rounded($0)) ± \(rounded($1))" }
      let more = part.mean.count > 4 ? ", …" : ""
      lines.append("    mean ± deviation: " + channels.joined(separator: ", ") + more)
      let classes = zip(part.classNames, part.classCounts).map { "\($0) \($1)" }
      lines.append("    " + classes.joined(separator: ", "))
    }
    for file in files {
      lines.append("  \(file.path): \(file.bytes) bytes, sha256 \(file.sha256)")
      lines.append("    " + (file.published.map { "is the published \($0)" } ?? "not a known file"))
    }
    return lines.joined(separator: "\n")
  }

  private func rounded(_ value: Float) -> String { "\((value * 10000).rounded() / 10000)" }
}
