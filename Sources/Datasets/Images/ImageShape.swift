/// Height, width and channels of an image, in pixels; bytes are stored in this order.
public struct ImageShape: Hashable, Codable, Sendable, CustomStringConvertible {
  /// Rows.
  public var height: Int
  /// Columns.
  public var width: Int
  /// Values a pixel: 1 grey, 3 red-green-blue; a table's row is one pixel with a channel a column.
  public var channels: Int

  /// Makes a shape.
  public init(height: Int, width: Int, channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
  }

  /// Values an image: height · width · channels.
  public var count: Int { height * width * channels }

  /// For example "28×28×1".
  public var description: String { "\(height)×\(width)×\(channels)" }
}
