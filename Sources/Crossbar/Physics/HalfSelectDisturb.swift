import Configuration

/// What writing a device does to the others of its word line and bit line, which see half the voltage.
///
/// Every write moves each of them by a share of its distance to one end of the range. Arrays are written row by
/// row, so the last device is disturbed by none.
public struct HalfSelectDisturb: Codable, Hashable, Sendable {
  /// The end of the range that devices are moved to.
  public enum End: String, Codable, Hashable, Sendable, CaseIterable {
    /// The smallest conductance.
    case off
    /// The largest.
    case on
  }

  /// Share of the distance, a write.
  public var share: Float
  /// Where to.
  public var end: End

  /// A share of the distance to an end.
  public init(share: Float, end: End = .on) {
    self.share = share
    self.end = end
  }

  /// How many writes disturb each device after its own, when an array is written row by row.
  ///
  /// - Parameter writes: Of each device, `[rows, columns]`.
  static func disturbances(_ writes: [Int32], rows: Int, columns: Int) -> [Int32] {
    var result = [Int32](repeating: 0, count: writes.count)
    var below = [Int32](repeating: 0, count: columns)
    for row in (0..<rows).reversed() {
      var right: Int32 = 0
      for column in (0..<columns).reversed() {
        let index = row * columns + column
        result[index] = right + below[column]
        right += writes[index]
        below[column] += writes[index]
      }
    }
    return result
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case share, end }

  /// Reads a share, 0 to 1, and an end.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    self.init(
      share: try fields.requiredNumber(.share, in: 0...1), end: try fields.word(.end, or: .on))
  }
}
