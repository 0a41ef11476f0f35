import Runtime

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

  /// Weights.
  public var weights: Int { taps * inputs * outputs }
  /// Multiply-accumulates of an image.
  public var macs: Int { weights * positions }
}

/// A layer cut into arrays of one size, with its cost in reads.
///
/// Whole kernels are kept together: a row chunk holds ⌊rows/taps⌋ input channels, all taps of each.
/// Partial sums of chunks are converted and added digitally (Wu et al. 2023, arXiv 2305.14547; MNSIM
/// does the same).
public struct MappedLayer: Codable, Hashable, Sendable {
  /// The layer.
  public let layer: LayerShape
  /// Arrays over the inputs.
  public let rowChunks: Int
  /// Arrays over the outputs.
  public let columnChunks: Int
  /// Bit lines that a weight takes.
  public let columnsPerWeight: Int

  /// Cuts a layer.
  ///
  /// - Parameters:
  ///   - layer: The layer.
  ///   - rows: Word lines of an array.
  ///   - columns: Bit lines of an array.
  ///   - columnsPerWeight: Bit lines that a weight takes: 2 for a differential pair.
  /// - Throws: `KirchhoffError` when a kernel has more taps than an array has rows, or a weight more
  ///   columns than it.
  public init(_ layer: LayerShape, rows: Int, columns: Int, columnsPerWeight: Int = 2) throws {
    guard layer.taps <= rows else {
      throw KirchhoffError(
        .config, subject: layer.name, place: "rows of an array", found: "\(rows)",
        expected: "at least \(layer.taps), the taps of a kernel")
    }
    guard columnsPerWeight <= columns else {
      throw KirchhoffError(
        .config, subject: layer.name, place: "columns of an array", found: "\(columns)",
        expected: "at least \(columnsPerWeight), those of a weight")
    }
    self.layer = layer
    self.columnsPerWeight = columnsPerWeight
    rowChunks = (layer.inputs + rows / layer.taps - 1) / (rows / layer.taps)
    columnChunks = (columnsPerWeight * layer.outputs + columns - 1) / columns
  }

  /// Arrays.
  public var arrays: Int { rowChunks * columnChunks }
  /// Devices.
  public var devices: Int { columnsPerWeight * layer.weights }
  /// Reads one after another for an image: all arrays of a layer are read at once.
  public var operations: Int { layer.positions }
  /// Reads of single arrays for an image.
  public var tileOperations: Int { arrays * layer.positions }
}

/// A network cut into arrays.
public struct MappedNetwork: Codable, Hashable, Sendable {
  /// Its layers.
  public let layers: [MappedLayer]

  /// Cuts a network; parameters as of `MappedLayer`.
  public init(
    _ layers: [LayerShape], rows: Int, columns: Int, columnsPerWeight: Int = 2
  ) throws {
    self.layers = try layers.map {
      try MappedLayer($0, rows: rows, columns: columns, columnsPerWeight: columnsPerWeight)
    }
  }

  /// Devices.
  public var devices: Int { layers.reduce(0) { $0 + $1.devices } }
  /// Floating-point operations of an image, two a multiply-accumulate.
  public var operationsOfImage: Int { layers.reduce(0) { $0 + 2 * $1.layer.macs } }
  /// Arrays.
  public var arrays: Int { layers.reduce(0) { $0 + $1.arrays } }
  /// Reads one after another for an image.
  public var operations: Int { layers.reduce(0) { $0 + $1.operations } }
  /// Reads of single arrays for an image.
  public var tileOperations: Int { layers.reduce(0) { $0 + $1.tileOperations } }

  /// Time of an image, layer after layer.
  public func latencySeconds(operationSeconds: Double) -> Double {
    Double(operations) * operationSeconds
  }

  /// Time between images when all layers work at once: that of the slowest.
  public func intervalSeconds(operationSeconds: Double) -> Double {
    Double(layers.map(\.operations).max() ?? 0) * operationSeconds
  }

  /// Energy of an image.
  public func energyJoules(tileOperationJoules: Double) -> Double {
    Double(tileOperations) * tileOperationJoules
  }
}
