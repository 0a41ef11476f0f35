import Crossbar

/// What arrays are trained with.
public struct TrainedArraySettings: Codable, Hashable, Sendable {
  /// Levels of a device; a differential pair holds 2 · levels − 1 weights.
  public var levels: Int
  /// Word lines of an array.
  public var rows: Int
  /// Input bits.
  public var inputBits: Int
  /// The converter behind every array, in units of the largest input times the largest weight.
  public var adc: Converter
  /// Standard deviation of programming, levels.
  public var programmingLevels: Float
  /// Standard deviation of a read of a device pair, levels, drawn once a call.
  public var readLevels: Float
  /// Standard deviation of noise before the converter, in the units of its bound.
  public var outputNoise: Float

  /// Two-bit devices of a 64-row array with 8-bit converters: the LeNet of arXiv 2305.14547.
  ///
  /// The paper gives no range of the converter for it; that of its larger networks is taken.
  public static let twoBit = TrainedArraySettings(
    levels: 4, rows: 64, inputBits: 8, adc: Converter(bits: 8, bound: 70 / 6),
    programmingLevels: 0, readLevels: 0, outputNoise: 0)
}
