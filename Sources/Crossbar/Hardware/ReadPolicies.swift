/// When read noise is drawn.
public enum ReadNoise: String, Codable, Hashable, Sendable, CaseIterable {
  /// Never.
  case none
  /// For every vector and device, exactly: the sum over a column is drawn as the one Gaussian that it
  /// is.
  case perRead = "per-read"
  /// Once for all vectors of a call, device by device; so bits depend on which vectors share a call.
  case perCall = "per-call"
  /// Once for good, device by device.
  case frozen
  /// For every vector, device by device: the slow way, to check `perRead` against.
  case literal
}

/// How outputs are scaled back after drift.
public enum DriftCompensation: String, Codable, Hashable, Sendable, CaseIterable {
  /// Not at all.
  case none
  /// By one factor an array, from a read-out of all its rows.
  case global
  /// By one factor a column.
  case column
}
