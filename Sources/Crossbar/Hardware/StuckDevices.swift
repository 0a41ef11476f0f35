import Configuration

/// Devices that are what they are, whatever they are asked for.
public struct StuckDevices: Codable, Hashable, Sendable {
  /// Share of devices stuck at their smallest conductance.
  public var off: Float
  /// Share of devices stuck at their largest conductance.
  public var on: Float

  /// Shares of all devices.
  public init(off: Float = 0, on: Float = 0) {
    self.off = off
    self.on = on
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case off, on }

  /// Reads shares; both together are 1 at most.
  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<CodingKeys>(decoder)
    off = Float(try fields.number(.off, or: 0, in: 0...1))
    on = Float(try fields.number(.on, or: 0, in: 0...1))
    guard off + on <= 1 else {
      throw FieldError(fields.path, found: "\(off + on) of all devices", expected: "1 at most")
    }
  }
}
