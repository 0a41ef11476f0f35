import Runtime

extension CrossbarHardware {
  /// Hardware with a name.
  public static let presets: [(name: String, hardware: CrossbarHardware)] = [
    ("ideal", CrossbarHardware()),
    ("standard", standard),
    ("pcm", analog("pcm")),
    ("hermes", analog("hermes")),
    ("rram", analog("reram-wan")),
    ("bulk-switching", bulkSwitching),
    ("bulk-switching-2bit", bulkSwitchingTwoBit),
    ("binary-memristor", binaryMemristor),
  ]

  /// Hardware of a preset's name.
  ///
  /// - Throws: `KirchhoffError` with the nearest name when there is none of this name.
  public static func preset(_ name: String) throws -> CrossbarHardware {
    if let preset = presets.first(where: { $0.name == name }) { return preset.hardware }
    let names = presets.map(\.name)
    throw KirchhoffError(
      .config, subject: "crossbar", found: "\"\(name)\"",
      expected: "one of " + names.joined(separator: ", ") + " or a YAML file",
      hint: nearest(name, in: names).map { "did you mean \"\($0)\"?" })
  }

  /// Ideal devices behind aihwkit's converters, each vector sent once: the arrays of updates in memory.
  private static let standard: CrossbarHardware = {
    var hardware = CrossbarHardware()
    hardware.periphery = .standard
    hardware.periphery.boundManagement = false
    return hardware
  }()

  /// Arrays of 512 × 512 with aihwkit's standard periphery, drift compensated by one factor an array.
  private static func analog(_ device: DeviceChoice) -> CrossbarHardware {
    var hardware = CrossbarHardware(device: device)
    hardware.periphery = .standard
    hardware.compensation = .global
    return hardware
  }

  /// 256 × 64 devices of 16 levels, 8-bit converters (arXiv 2305.14547, table 1).
  ///
  /// The ADC's 70 µA stand over the 6 µA of the range of a device: a bound of 11.67 largest products;
  /// its noise is 2 LSB.
  private static let bulkSwitching: CrossbarHardware = {
    var hardware = CrossbarHardware(device: "bulk-switching")
    let adc = Converter(bits: 8, bound: 70 / 6)
    hardware.periphery = Periphery(
      dac: Converter(bits: 8, bound: 1), adc: adc, outputNoise: 2 * adc.step)
    hardware.rows = 256
    hardware.columns = 64
    return hardware
  }()

  /// Two-state devices behind ideal converters, a whole layer an array: arXiv 1808.00737 computes in analog
  /// circuits of any size.
  private static let binaryMemristor: CrossbarHardware = {
    var hardware = CrossbarHardware(device: "binary-memristor")
    (hardware.rows, hardware.columns) = (1024, 1024)
    return hardware
  }()

  /// 64 × 64 devices of 4 levels: the chip that trains LeNet (arXiv 2305.14547, table 1).
  ///
  /// The paper gives no range of the converter for it; that of its larger networks is taken.
  private static let bulkSwitchingTwoBit: CrossbarHardware = {
    var hardware = CrossbarHardware(device: "bulk-switching-2bit")
    hardware.periphery = Periphery(
      dac: Converter(bits: 8, bound: 1), adc: Converter(bits: 8, bound: 70 / 6))
    hardware.rows = 64
    hardware.columns = 64
    return hardware
  }()
}
