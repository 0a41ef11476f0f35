/// The bulk-switching ReRAM of arXiv 2305.14547: a few linear levels, errors in fractions of a level.
public struct BulkSwitchingDevice: DeviceModel {
  /// What it is called.
  public let name: String
  /// What it is, and whose.
  public let summary: String
  /// What it can be asked for, siemens.
  public let conductanceSiemens: ClosedRange<Float>
  /// Levels over the range.
  public let levels: Int
  /// Standard deviation of programming after its trials, levels.
  public let programmingLevels: Float
  /// Standard deviation of a read, levels.
  public let readLevels: Float

  /// Its levels.
  public var stateCount: Int? { levels }

  /// One level, siemens.
  public var levelSiemens: Float {
    (conductanceSiemens.upperBound - conductanceSiemens.lowerBound) / Float(levels - 1)
  }

  /// Two bits, 8.2 to 32.9 µS: the LeNet on the chip.
  ///
  /// Of its errors only the on/off ratio is given.
  public static let twoBit = BulkSwitchingDevice(
    name: "bulk-switching-2bit", summary: "bulk-switching ReRAM, 4 levels in 8.2 to 32.9 µS",
    conductanceSiemens: 8.2e-6...32.9e-6, levels: 4, programmingLevels: 0, readLevels: 0)

  /// The two-bit device of a chip that a network is moved to: half a level of programming error.
  public static let twoBitTransfer = BulkSwitchingDevice(
    name: "bulk-switching-2bit-transfer",
    summary: "bulk-switching ReRAM, 4 levels in 8.2 to 32.9 µS, missed by half a level",
    conductanceSiemens: 8.2e-6...32.9e-6, levels: 4, programmingLevels: 0.5, readLevels: 0)

  /// Four bits, 1 to 7 µA at 0.1 V: the simulated VGG-8 and ResNet-18.
  public static let fourBit = BulkSwitchingDevice(
    name: "bulk-switching", summary: "bulk-switching ReRAM, 16 levels in 10 to 70 µS",
    conductanceSiemens: 10e-6...70e-6, levels: 16, programmingLevels: 0.5, readLevels: 0.3)

  /// The nearest level, missed by a fraction of one.
  public func conductance(target: Float, seconds: Float, draws: DeviceDraws) -> Float {
    let low = conductanceSiemens.lowerBound
    let level = ((target - low) / levelSiemens).rounded()
    return max(low + levelSiemens * (level + programmingLevels * draws.programming), 0)
  }

  /// A fraction of a level.
  public func readDeviation(
    target: Float, initial: Float, conductance: Float, seconds: Float
  ) -> Float { readLevels * levelSiemens }
}
