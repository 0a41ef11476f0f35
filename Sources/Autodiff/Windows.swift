import Tensor

/// A matrix window `[outputs, inputs]` of a parameter: the first rows and columns of a larger
/// matrix, or of several stacked ones (query, key and value of attention).
public struct WeightWindow: Sendable {
  package let parameter: Parameter
  /// First float of the window in the store.
  package let offset: Int
  /// Rows in use, all blocks together.
  public let outputs: Int
  /// Columns in use.
  public let inputs: Int
  /// Floats between two stored rows.
  package let stride: Int
  /// Stacked matrices; each gives `outputs / blocks` rows.
  package let blocks: Int
  /// Floats between two stacked matrices.
  package let blockStride: Int

  /// The first `outputs` rows and `inputs` columns of a parameter `[rows, columns]`; with `blocks`
  /// the first `outputs / blocks` rows of each of the matrices `[blocks, rows, columns]`.
  public init(_ parameter: Parameter, outputs: Int, inputs: Int, blocks: Int = 1) {
    let shape = parameter.shape
    let rows = shape.count / shape.channels / blocks
    precondition(
      outputs % blocks == 0 && outputs / blocks <= rows && inputs <= shape.channels,
      "window [\(outputs), \(inputs)] in \(blocks) blocks of a parameter \(shape)")
    self.parameter = parameter
    offset = parameter.offset
    self.outputs = outputs
    self.inputs = inputs
    stride = shape.channels
    self.blocks = blocks
    blockStride = rows * shape.channels
  }
}

/// A window of a vector parameter: its first `count` values, or of several stacked vectors.
public struct VectorWindow: Sendable {
  package let parameter: Parameter
  package let offset: Int
  /// Values in use, all blocks together.
  public let count: Int
  package let blocks: Int
  package let blockStride: Int

  /// The first `count` values of a parameter; with `blocks` the first `count / blocks` of each row
  /// of a parameter `[blocks, length]`.
  ///
  /// `row` chooses one row of a table `[rows, length]`.
  public init(_ parameter: Parameter, count: Int, blocks: Int = 1, row: Int = 0) {
    let length = parameter.shape.channels
    precondition(
      count % blocks == 0 && count / blocks <= length
        && (row + 1) * length <= parameter.shape.count,
      "window of \(count) in \(blocks) blocks, row \(row), of a parameter \(parameter.shape)")
    self.parameter = parameter
    offset = parameter.offset + row * length
    self.count = count
    self.blocks = blocks
    blockStride = length
  }
}

/// A window of a convolution kernel: the centre `size × size` taps, the first channels.
public struct KernelWindow: Sendable {
  package let parameter: Parameter
  /// First float of the window in the store.
  package let offset: Int
  /// Output channels in use.
  public let outputs: Int
  /// Input channels in use, of one group.
  public let inputs: Int
  /// Taps along each side.
  public let size: Int
  /// Floats between two output channels (dense), two rows of taps, two taps.
  package let outputStride: Int
  package let rowStride: Int
  package let tapStride: Int

  /// The window of a dense kernel `[outputs, size, size, inputs]`.
  public init(dense parameter: Parameter, outputs: Int, inputs: Int, size: Int) {
    let shape = parameter.shape
    precondition(
      shape.rank == 4 && outputs <= shape[0] && inputs <= shape[3] && size <= shape[1]
        && (shape[1] - size) % 2 == 0,
      "window [\(outputs), \(size), \(size), \(inputs)] of a kernel \(shape)")
    let crop = (shape[1] - size) / 2
    self.parameter = parameter
    self.outputs = outputs
    self.inputs = inputs
    self.size = size
    outputStride = shape[1] * shape[2] * shape[3]
    rowStride = shape[2] * shape[3]
    tapStride = shape[3]
    offset = parameter.offset + crop * rowStride + crop * tapStride
  }

  /// The window of a depthwise kernel `[size, size, channels]`.
  public init(depthwise parameter: Parameter, channels: Int, size: Int) {
    let shape = parameter.shape
    precondition(
      shape.rank == 3 && channels <= shape[2] && size <= shape[0] && (shape[0] - size) % 2 == 0,
      "window [\(size), \(size), \(channels)] of a depthwise kernel \(shape)")
    let crop = (shape[0] - size) / 2
    self.parameter = parameter
    outputs = channels
    inputs = 1
    self.size = size
    outputStride = 1
    rowStride = shape[1] * shape[2]
    tapStride = shape[2]
    offset = parameter.offset + crop * rowStride + crop * tapStride
  }
}
