import Runtime

/// The devices that have a name.
public enum DeviceRegistry {
  /// One line a device.
  public static let devices: [any DeviceModel] = [
    IdealDevice(),
    PhaseChangeDevice.pcm,
    PhaseChangeDevice.hermes,
    PhaseChangeDevice.hermesSingle,
    ResistiveDevice.joshi,
    ResistiveDevice.wan,
    ResistiveDevice.wanCrossSim,
    ResistiveDevice.milo,
    FilamentDevice.fine,
    FilamentDevice.coarse,
    ChargeTrapDevice(),
    BulkSwitchingDevice.fourBit,
    BulkSwitchingDevice.twoBit,
    BulkSwitchingDevice.twoBitTransfer,
    BinaryDevice(),
  ]

  /// A device by name.
  ///
  /// - Throws: `KirchhoffError` with the nearest name when there is none of this name.
  public static func device(_ name: String) throws(KirchhoffError) -> any DeviceModel {
    if let device = devices.first(where: { $0.name == name }) { return device }
    let names = devices.map(\.name)
    throw KirchhoffError(
      .config, subject: "device", found: "\"\(name)\"",
      expected: "one of " + names.joined(separator: ", "),
      hint: nearest(name, in: names).map { "did you mean \"\($0)\"?" })
  }
}
