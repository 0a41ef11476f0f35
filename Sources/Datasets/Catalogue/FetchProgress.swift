/// How far a download is.
public struct FetchProgress: Sendable {
  /// The data set.
  public var dataset: String
  /// The file that is being fetched.
  public var file: String
  /// Its number, from 1.
  public var fileNumber: Int
  /// How many files there are.
  public var fileCount: Int
  /// Bytes of this file that are there, those of an earlier attempt included.
  public var receivedBytes: Int
  /// Size of this file, where the server or the registry tells it.
  public var totalBytes: Int?
}
