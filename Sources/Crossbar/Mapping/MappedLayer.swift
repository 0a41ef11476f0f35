/// A layer cut into arrays of one size, with its cost in reads.
///
/// Partial sums of arrays over the inputs are converted and added digitally.
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
    let cut = ArrayCut(rows: rows, columns: columns)
    rowChunks = try cut.rows(of: layer.inputs, taps: layer.taps, name: layer.name).count
    columnChunks = try cut.columns(
      of: layer.outputs, each: columnsPerWeight, name: layer.name
    ).count
    self.layer = layer
    self.columnsPerWeight = columnsPerWeight
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
