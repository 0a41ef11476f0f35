import RunLog
import Runtime
import Tensor

/// Lines and non-linear cells by a learned surrogate (GENIEx): each column's ideal current is divided by the share
/// that a network gives from the conductances of the array and the voltages at its drivers.
///
/// Currents are proportional to conductances when lines are scaled with them: an array of any devices stands for
/// one of those that the surrogate was taught by, with lines of its ohms times their largest conductance over the
/// devices' own. A vector is sent in two phases, what is above 0 and what is below.
struct LearnedLines: @unchecked Sendable {
  // Unchecked: tensors that nobody writes to after init.

  /// What the surrogate was taught by.
  let arrays: SurrogateArrays
  private let shares: ClosedRange<Float>
  /// From cells, `[N², hidden]`, and from voltages, `[N, hidden]`.
  private let fromCells: Tensor
  private let fromVoltages: PackedMatrix
  private let hiddenBias: [Float]
  /// `[hidden, N]`.
  private let output: PackedMatrix
  private let outputBias: [Float]

  /// Reads a surrogate.
  ///
  /// - Throws: `KirchhoffError` when it cannot be read, is damaged, or is something else.
  init(contentsOf path: String) throws {
    let file = try SafetensorsFile(path: path)
    try file.checkFinite()
    let card = try SurrogateCard(file)
    arrays = card.arrays
    shares = Float(card.lowestShare)...Float(card.highestShare)
    let (side, cells) = (arrays.side, arrays.side * arrays.side)
    hiddenBias = try file.floats("hidden.bias")
    let width = hiddenBias.count
    let hidden = try SurrogateCard.tensor("hidden.weight", [width, cells + side], file)
    fromCells = hidden.channels(0..<cells)
    fromVoltages = PackedMatrix(hidden.channels(cells..<cells + side).transposed())
    output = PackedMatrix(
      try SurrogateCard.tensor("output.weight", [side, width], file).transposed())
    outputBias = try SurrogateCard.tensor("output.bias", [side], file).floats
  }

  /// Throws where hardware is not what the surrogate was taught by.
  ///
  /// - Parameter range: The conductances of its devices.
  func check(_ hardware: CrossbarHardware, _ range: ClosedRange<Float>) throws {
    func refuse(_ place: String, _ found: String, _ expected: String) throws -> Never {
      throw KirchhoffError(
        .config, subject: "lines.surrogate", place: place, found: found, expected: expected)
    }
    let outputs = hardware.columns / hardware.encoding.devicesPerWeight
    if hardware.rows > arrays.side || outputs > arrays.side {
      try refuse(
        "rows, columns", "\(hardware.rows) rows, \(outputs) columns of each sign",
        "at most \(arrays.side) of each, the size of the arrays that it was taught by")
    }
    if hardware.encoding != .differential {
      try refuse("encoding", "\(hardware.encoding)", "differential pairs")
    }
    let ratio = Float(arrays.onSiemens / arrays.offSiemens)
    if range.lowerBound * ratio < range.upperBound * 0.999 {
      try refuse(
        "physics.onOffRatio",
        range.lowerBound > 0 ? "\(range.upperBound / range.lowerBound)" : "devices down to 0 S",
        "at most \(ratio), the ratio of the cells that it was taught by")
    }
    if hardware.readNoise != .none, hardware.readNoise != .perRead {
      try refuse("readNoise", hardware.readNoise.rawValue, "none or per-read")
    }
    if hardware.periphery.parallelRows != nil {
      try refuse("periphery.parallelRows", "rows in turn", "all rows at once")
    }
  }

  /// One array after programming.
  struct ProgrammedArray {
    fileprivate let lines: LearnedLines
    /// Signed conductances in units of weights, `[rows, columns]`.
    fileprivate let signed: PackedMatrix
    /// What cells and bias give the hidden neurons.
    fileprivate let hidden: [Float]
  }

  /// An array of devices.
  ///
  /// - Parameters:
  ///   - siemens: `[rows, columns]`.
  ///   - largest: The largest conductance of the devices.
  ///   - units: What a siemens counts for, with the sign of its side.
  func array(
    _ siemens: [Float], rows: Int, columns: Int, largest: Float, units: Float
  ) -> ProgrammedArray {
    let side = arrays.side
    let (on, off) = (Float(arrays.onSiemens), Float(arrays.offSiemens))
    // Where the array has no device, there is one that is off.
    var cells = [Float](repeating: 0, count: side * side)
    for row in 0..<rows {
      for column in 0..<columns {
        let scaled = siemens[row * columns + column] / largest * on
        cells[row * side + column] = (scaled - off) / (on - off)
      }
    }
    let product = matmul(
      Tensor(cells, shape: [1, side * side]), fromCells, transposeB: true
    ).floats
    return ProgrammedArray(
      lines: self,
      signed: PackedMatrix(Tensor(siemens.map { $0 * units }, shape: [rows, columns])),
      hidden: zip(product, hiddenBias).map { $0 + $1 })
  }

  /// Shares of ideal currents over real ones, `[vectors, N]`.
  ///
  /// - Parameter x: Voltages in units of the largest, none below 0, `[vectors, N]`.
  fileprivate func shares(_ x: Tensor, _ hidden: [Float]) -> Tensor {
    let activated = fromVoltages.multiplied(by: x)
    add(hidden, to: activated) { max($0, 0) }
    let result = output.multiplied(by: activated)
    let (low, high) = (shares.lowerBound, shares.upperBound)
    add(outputBias, to: result) { min(max($0, low), high) }
    return result
  }

  private func add(
    _ bias: [Float], to matrix: Tensor, _ function: @Sendable (Float) -> Float
  ) {
    let (target, width) = (matrix.pointer, bias.count)
    parallelChunks(matrix.shape[0], of: 64) { vectors in
      for vector in vectors {
        for index in 0..<width {
          target[vector * width + index] = function(target[vector * width + index] + bias[index])
        }
      }
    }
  }
}

extension LearnedLines.ProgrammedArray {
  /// Adds the currents of vectors `[batch, rows]` to `[batch, columns]`.
  func add(_ x: Tensor, to currents: Tensor) {
    let (batch, rows) = (x.shape[0], x.shape[1])
    let (columns, side) = (currents.shape[1], lines.arrays.side)
    for sign: Float in [1, -1] {
      let padded = Tensor(shape: [batch, side])
      let (source, target, stride) = (x.pointer, padded.pointer, x.rowStride)
      var isSilent = true
      for vector in 0..<batch {
        for row in 0..<rows {
          let value = max(sign * source[vector * stride + row], 0)
          target[vector * side + row] = value
          isSilent = isSilent && value == 0
        }
      }
      guard !isSilent else { continue }
      let shares = lines.shares(padded, hidden)
      let ideal = signed.multiplied(by: padded.channels(0..<rows))
      let (sum, share, current) = (currents.pointer, shares.pointer, ideal.pointer)
      for vector in 0..<batch {
        for column in 0..<columns {
          sum[vector * columns + column] +=
            sign * current[vector * columns + column] / share[vector * side + column]
        }
      }
    }
  }
}
