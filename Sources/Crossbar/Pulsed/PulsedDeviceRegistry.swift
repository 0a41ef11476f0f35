import Runtime

/// The pulsed devices that have a name: soft bounds as published, and presets of aihwkit 1.2.0 without lifetimes,
/// corrupt devices, and the variation of slopes.
public enum PulsedDeviceRegistry {
  /// One line a device.
  public static let devices: [PulsedDevice] = [
    .rasch(states: 20),
    preset(
      "reram-es", "ReRAM with exponential steps (ReRamES)", .exponential(.reRam), 0.00135, -1...1
    ) {
      ($0.asymmetry, $0.asymmetryVariation) = (0.259359, 0.05)
      $0.stepVariation = 0.2
      ($0.cycleToCycle, $0.writeNoise) = (5, 75)
    },
    preset("reram-sb", "ReRAM with soft bounds (ReRamSB)", .softBounds, 0.002, -0.75...1.25) {
      ($0.upperVariation, $0.lowerVariation) = (0.24, 0.4)
      ($0.cycleToCycle, $0.writeNoise) = (3.75, 56)
    },
    preset(
      "reram-array-om", "optimised ReRAM array (ReRamArrayOM)", .softBounds, 0.0949, -1...1
    ) {
      ($0.stepVariation, $0.stepDistribution) = (0.7829, .logNormal)
      ($0.upperVariation, $0.lowerVariation) = (0.3499, 0.5695)
      ($0.cycleToCycle, $0.writeNoise) = (0.4158, 1.4113)
    },
    preset(
      "reram-array-hfo2", "HfO₂ ReRAM array (ReRamArrayHfO2)", .softBounds, 0.4622, -1...1
    ) {
      ($0.stepVariation, $0.stepDistribution) = (0.7125, .logNormal)
      ($0.upperVariation, $0.lowerVariation) = (0.4295, 0.599)
      ($0.cycleToCycle, $0.writeNoise) = (0.2174, 0.5841)
    },
    preset(
      "capacitor", "capacitor with nearly constant steps (Capacitor), without its leak",
      .linear(up: 0.05, down: 0.05), 0.005, -1...1
    ) {
      ($0.stepVariation, $0.asymmetryVariation) = (0.1, 0.06)
      ($0.upperVariation, $0.lowerVariation) = (0.07, 0.07)
    },
    preset(
      "ecram", "electrochemical memory (EcRam)",
      .linear(up: 0.1153, down: 0.5085, noiseFollowsStep: true), 0.002, -0.8276...1.1724
    ) {
      $0.stepVariation = 0.1
      ($0.upperVariation, $0.lowerVariation) = (0.05, 0.05)
    },
    preset(
      "ecram-mo", "metal-oxide electrochemical memory (EcRamMO)",
      .linear(up: 0.4152, down: 0.7342, noiseFollowsStep: true), 2.8214e-4, -0.8286...1.1714
    ) {
      $0.stepVariation = 0.1
      ($0.upperVariation, $0.lowerVariation) = (0.05, 0.05)
      $0.cycleToCycle = 2
    },
    preset(
      "gokmen-vlasov", "constant steps of Gokmen and Vlasov 2016 (GokmenVlasov)", .constant,
      0.0016, -1...1),
    preset(
      "idealized", "small constant steps up and down alike (Idealized)", .constant, 0.0002, -1...1
    ) {
      $0.asymmetryVariation = 0
    },
    preset(
      "pcm-pulsed", "one-sided phase-change memory with exponential steps (PCM)",
      .exponential(.phaseChange), 0.01, 0...2
    ) {
      ($0.stepVariation, $0.asymmetryVariation) = (0.2, 0.05)
      ($0.upperVariation, $0.cycleToCycle) = (0.1, 0.6)
    },
  ]

  /// A pulsed device by name.
  ///
  /// - Throws: `KirchhoffError` with the nearest name when there is none of this name.
  public static func device(_ name: String) throws(KirchhoffError) -> PulsedDevice {
    if let device = devices.first(where: { $0.name == name }) { return device }
    let names = devices.map(\.name)
    throw KirchhoffError(
      .config, subject: "pulsed device", found: "\"\(name)\"",
      expected: "one of " + names.joined(separator: ", "),
      hint: nearest(name, in: names).map { "did you mean \"\($0)\"?" })
  }

  private static func preset(
    _ name: String, _ summary: String, _ model: PulsedStep, _ step: Float,
    _ bounds: ClosedRange<Float>, _ change: (inout PulsedDevice) -> Void = { _ in }
  ) -> PulsedDevice {
    var device = PulsedDevice(
      name: name, summary: summary + ", aihwkit", model: model, step: step, bounds: bounds)
    change(&device)
    return device
  }
}

extension PulsedStep.Exponential {
  fileprivate static let reRam = PulsedStep.Exponential(
    upFactor: -1.18445, downFactor: -0.081404, upExponent: 5, downExponent: 5, scale: -0.5,
    offset: -0.5)

  fileprivate static let phaseChange = PulsedStep.Exponential(
    upFactor: -27.235, downFactor: -2.235, upExponent: 2.5, downExponent: 2.5, scale: -1,
    offset: 0)
}
