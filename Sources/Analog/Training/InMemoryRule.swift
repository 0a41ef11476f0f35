import Crossbar
import Runtime

/// How pulses train a layer's weights where they are; nothing else knows the weights.
enum InMemoryRule {
  case descent
  case chi
  case tikiTaka
  case tikiTaka2
  case chopped
  case dynamicReference

  /// One array that is trained so.
  ///
  /// - Parameters:
  ///   - first: Its first weights, `[outputs, inputs]`, in units of its devices.
  ///   - rate: The learning rate.
  ///   - random: Decides devices and noise.
  /// - Throws: `KirchhoffError` for an unknown device.
  func update(
    _ settings: InMemorySettings, outputs: Int, inputs: Int, first: [Float], rate: Float,
    random: RandomStream
  ) throws -> any InMemoryUpdate {
    let device = try settings.device.resolved()
    var slow = PulsedArray(device, outputs: outputs, inputs: inputs, chip: random.derived("W"))
    slow.set(first)
    let fast = PulsedArray(
      try settings.fastDevice?.resolved() ?? device, outputs: outputs, inputs: inputs,
      chip: random.derived("A"))
    func buffered(_ method: BufferedTransfer.Method) -> BufferedTransfer {
      var constants = BufferedTransfer.Constants()
      constants.rate = rate
      constants.period = settings.period
      constants.transferScale = settings.transferScale
      constants.longestTrain = settings.longestTrain
      let points = fast.symmetryPoints ?? fast.weights.map { _ in 0 }
      let draws = random.derived("reference")
      return BufferedTransfer(
        method, fast: fast, slow: slow,
        reference: points.enumerated().map { index, point in
          point + settings.referenceError * draws.gaussian(at: UInt64(index))
        }, constants: constants, stream: random.derived("choppers"))
    }
    switch self {
    case .descent:
      return InMemoryDescent(slow, rate: rate, longestTrain: settings.longestTrain)
    case .chi: return MixedPrecisionUpdate(slow, rate: rate)
    case .tikiTaka:
      return TikiTaka(
        fast: fast, slow: slow, fastRate: rate, transferRate: rate * settings.transferRate,
        period: settings.period, longestTrain: settings.longestTrain)
    case .tikiTaka2: return buffered(.tikiTaka2)
    case .chopped: return buffered(.chopped(flips: settings.flips))
    case .dynamicReference:
      return buffered(
        .dynamicReference(flips: settings.flips, forgetting: settings.forgetting))
    }
  }
}
