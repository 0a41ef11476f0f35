/// A layer as arrays see it: kernels that become columns, and how often they are read for an image.
public struct LayerShape: Codable, Hashable, Sendable {
  /// What tables call it.
  public var name: String
  /// Taps of a kernel: 1 for a linear layer, 9 for a 3 × 3 convolution.
  public var taps: Int
  /// Input channels.
  public var inputs: Int
  /// Output channels.
  public var outputs: Int
  /// Output positions of an image.
  public var positions: Int

  /// A layer.
  public init(_ name: String, taps: Int, inputs: Int, outputs: Int, positions: Int) {
    self.name = name
    self.taps = taps
    self.inputs = inputs
    self.outputs = outputs
    self.positions = positions
  }

  /// A convolution with square kernels on square images.
  public static func convolution(
    _ name: String, kernel: Int, inputs: Int, outputs: Int, side: Int
  ) -> LayerShape {
    LayerShape(
      name, taps: kernel * kernel, inputs: inputs, outputs: outputs, positions: side * side)
  }

  /// A linear layer.
  public static func linear(_ name: String, inputs: Int, outputs: Int) -> LayerShape {
    LayerShape(name, taps: 1, inputs: inputs, outputs: outputs, positions: 1)
  }

  /// LSTM cells: the four gates of inputs and of what the cells put out before are one matrix, read at every time
  /// step.
  public static func lstm(_ name: String, inputs: Int, units: Int, steps: Int) -> LayerShape {
    LayerShape(name, taps: 1, inputs: inputs + units, outputs: 4 * units, positions: steps)
  }

  /// Weights.
  public var weights: Int { taps * inputs * outputs }
  /// Multiply-accumulates of an image.
  public var macs: Int { weights * positions }
}
