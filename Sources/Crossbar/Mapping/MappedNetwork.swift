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
