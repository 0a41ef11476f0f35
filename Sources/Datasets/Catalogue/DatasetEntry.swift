/// A public data set that Kirchhoff knows by name.
public struct DatasetEntry: Sendable {
  /// How its files are read.
  public enum Layout: Sendable {
    /// Four IDX files with MNIST's names.
    case mnist
    /// The binary record files of CIFAR.
    case cifar(CIFAR.Kind)
    /// Folders of images by class.
    case images
  }

  /// One file as it is published.
  public struct File: Sendable {
    /// Its name.
    public var name: String
    /// Where it can be fetched, the best source first.
    public var urls: [String]
    /// Its size, where it is known.
    public var bytes: Int?
    /// Its published checksum.
    public var checksum: Checksum
    /// The checksum of what is inside the gzip wrapping: a file that was compressed anew (as in
    /// Debian's package) is still the same data.
    public var contentChecksum: Checksum?
  }

  /// The name in configs and commands.
  public var name: String
  /// What it is, in one line.
  public var summary: String
  /// Its authors and year.
  public var source: String
  /// How the files are read.
  public var layout: Layout
  /// What `fetch` downloads.
  public var files: [File]
  /// Names under which its folder is looked for in the data folders.
  public var folders: [String]
  /// Absolute folders where packages of the system put it.
  public var systemFolders: [String] = []
  /// Names of the classes; empty where the files bring them.
  public var classNames: [String] = []
  /// Training and test images.
  public var counts: (training: Int, test: Int)
  /// Size of an image; nil where they differ.
  public var shape: ImageShape?
  /// False for digits and letters.
  public var mirrorKeepsClass = true

  /// Bytes that `fetch` downloads, where all sizes are known.
  public var downloadBytes: Int? {
    let sizes = files.compactMap(\.bytes)
    return sizes.count == files.count ? sizes.reduce(0, +) : nil
  }
}
