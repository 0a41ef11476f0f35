import CKernels
import Runtime
import Tensor

/// A weight matrix programmed into arrays: y = x·Wᵀ as the hardware computes it.
///
/// Inputs are cut over arrays by rows and their converted outputs added digitally; outputs are cut by
/// columns. Every array has its own weight scale, and every vector its own input scale in each.
///
/// Independent Gaussian noise of every device at every read has, at an output, the variance
/// Σ σ²·x². So a vector costs two products and one Gaussian an output, exactly, instead of one Gaussian
/// a device.
public struct CrossbarMatrix: Sendable {
  /// Columns of the weight matrix.
  public let inputs: Int
  /// Rows of the weight matrix.
  public let outputs: Int
  /// The hardware.
  public let hardware: CrossbarHardware
  /// Arrays in use.
  public var arrays: Int { blocks.count }
  /// Devices in use.
  public var devices: Int { inputs * outputs * hardware.encoding.devicesPerWeight }

  /// Writes of all devices, trials of write-verify among them.
  public var writes: Int { blocks.reduce(0) { $0 + $1.writes } }

  private var blocks: [ArrayBlock]

  /// Programs a matrix.
  ///
  /// - Parameters:
  ///   - weights: `[outputs, inputs]`; of a convolution all taps of a channel together.
  ///   - taps: Taps of a kernel, which one array holds together.
  ///   - hardware: The arrays.
  ///   - chip: What makes this chip different from others: the draws of its devices.
  ///   - name: What errors call the matrix.
  /// - Throws: `KirchhoffError` for a weight that is no number, an unknown device, or arrays too small
  ///   for a kernel or a weight.
  public init(
    _ weights: Tensor, taps: Int = 1, on hardware: CrossbarHardware, chip: RandomStream,
    name: String = "matrix"
  ) throws {
    require(
      weights.shape.rank == 2 && weights.shape[1] % taps == 0,
      "CrossbarMatrix: weights \(weights.shape) of \(taps) taps")
    (outputs, inputs) = (weights.shape[0], weights.shape[1])
    self.hardware = hardware
    let floats = weights.floats
    if let bad = weights.firstNonFinite {
      throw KirchhoffError(
        .numerical, subject: name, place: "weight [\(bad / inputs), \(bad % inputs)]",
        found: "\(floats[bad])", expected: "a finite number")
    }
    guard hardware.periphery.inputRange != .learned else {
      throw KirchhoffError(
        .config, subject: name, place: "periphery.inputRange", found: "learned",
        expected: "a layer whose inputs were quantised in training, within a range that it learned")
    }
    let cell = try Cell(hardware)
    let cut = ArrayCut(rows: hardware.rows, columns: hardware.columns)
    let columns = try cut.columns(
      of: outputs, each: hardware.encoding.devicesPerWeight, name: name)
    let width = inputs
    blocks = try cut.rows(of: inputs / taps, taps: taps, name: name).flatMap { rows in
      try columns.map { columns in
        try ArrayBlock(
          floats, inputs: width, rows: rows, columns: columns, cell,
          chip: chip.derived(UInt64(rows.lowerBound), UInt64(columns.lowerBound)))
      }
    }
  }

  /// The outputs of vectors.
  ///
  /// - Parameters:
  ///   - x: `[batch, inputs]`.
  ///   - reads: The noise of these reads: element (row, output) of it belongs to vector
  ///     `firstVector + row`, so that the bits do not depend on how a batch is split.
  ///   - firstVector: The number of the first vector.
  ///   - statistics: Counts conversions.
  ///   - profile: Takes down sizes of inputs and currents; then converters do not cut off or round.
  /// - Returns: `[batch, outputs]`.
  public func multiply(
    _ x: Tensor, reads: RandomStream, firstVector: Int = 0,
    statistics: ConversionStatistics? = nil, profile: RangeProfile? = nil
  ) -> Tensor {
    require(
      x.shape.rank == 2 && x.shape[1] == inputs,
      "CrossbarMatrix: inputs \(x.shape) for \(inputs) word lines")
    let result = Tensor(shape: [x.shape[0], outputs])
    for (index, block) in blocks.enumerated() {
      block.add(
        x.channels(block.rows), to: result, reads: reads.derived(UInt64(index)),
        firstVector: firstVector, hardware, statistics,
        profile.map { RangeProfile.Block(profile: $0, index: index) })
    }
    return result
  }

  /// An empty profile for this matrix.
  public func makeProfile() -> RangeProfile { RangeProfile(planes: blocks.map(\.planes.count)) }

  /// Takes the ranges of inputs from a profile, where the hardware wants them from calibration.
  public mutating func calibrateInputs(_ profile: RangeProfile) {
    for index in blocks.indices {
      blocks[index].calibrate(inputs: profile.inputs(of: index), outputs: nil, hardware)
    }
  }

  /// Takes the bounds of converters from a profile, where the hardware wants them from calibration.
  ///
  /// Currents follow the ranges of inputs: those have to be calibrated before the profile is taken.
  public mutating func calibrateOutputs(_ profile: RangeProfile) {
    for index in blocks.indices {
      blocks[index].calibrate(inputs: nil, outputs: profile.outputs(of: index), hardware)
    }
  }
}
