import Configuration

/// What inputs are divided by before the drivers.
public enum InputRange: Hashable, Sendable {
  /// Each vector's largest in each array (aihwkit's abs-max noise management).
  case vector
  /// One number for all.
  case fixed(Float)
  /// For each layer the range that its network was trained with.
  case learned
  /// For each array, what this percentage of the inputs of calibration does not exceed; larger ones are cut
  /// off.
  case percentile(Float)
}

/// What an ADC's bound follows.
public enum OutputRange: Hashable, Sendable {
  /// The bound itself.
  case given
  /// The sum of all rows at their largest.
  case rows
  /// So that a step of the ADC is the smallest product: a step of an input times a step of a weight (CrossSim's
  /// granular range).
  case granular
  /// For each array, what this percentage of the currents of calibration does not exceed; those of bit slices
  /// differ by powers of two, so that shift and add stay so (CrossSim's calibrated range).
  case percentile(Float)
}

private enum PercentileKeys: String, CodingKey, CaseIterable { case percentile, fixed }

private func percentileField(_ fields: StrictFields<PercentileKeys>) throws -> Float? {
  guard try fields.optional(.percentile) as Double? != nil else { return nil }
  return try fields.requiredNumber(.percentile, in: 50...100)
}

extension InputRange: Codable {
  private enum Word: String, CaseIterable { case vector, learned }

  /// Reads `vector`, `learned`, `{fixed: 2}` or `{percentile: 99.9}`.
  public init(from decoder: any Decoder) throws {
    if let text = try? decoder.singleValueContainer().decode(String.self) {
      switch try parseWord(text, at: decoder.codingPath) as Word {
      case .vector: self = .vector
      case .learned: self = .learned
      }
      return
    }
    let fields = try StrictFields<PercentileKeys>(decoder)
    if let percentile = try percentileField(fields) {
      self = .percentile(percentile)
    } else {
      self = .fixed(try fields.requiredNumber(.fixed, in: 1e-9...1e9))
    }
  }

  /// Writes what ``init(from:)`` reads.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .vector, .learned:
      var container = encoder.singleValueContainer()
      try container.encode((self == .vector ? Word.vector : .learned).rawValue)
    case .fixed(let largest):
      var container = encoder.container(keyedBy: PercentileKeys.self)
      try container.encode(largest, forKey: .fixed)
    case .percentile(let percentile):
      var container = encoder.container(keyedBy: PercentileKeys.self)
      try container.encode(percentile, forKey: .percentile)
    }
  }
}

extension OutputRange: Codable {
  private enum Word: String, CaseIterable { case given, rows, granular }

  /// Reads `given`, `rows`, `granular` or `{percentile: 99.9}`.
  public init(from decoder: any Decoder) throws {
    if let text = try? decoder.singleValueContainer().decode(String.self) {
      switch try parseWord(text, at: decoder.codingPath) as Word {
      case .given: self = .given
      case .rows: self = .rows
      case .granular: self = .granular
      }
      return
    }
    let fields = try StrictFields<PercentileKeys>(decoder)
    guard let percentile = try percentileField(fields) else {
      throw FieldError(
        fields.path, found: "no percentile",
        expected: "given, rows, granular or {percentile: 99.9}")
    }
    self = .percentile(percentile)
  }

  /// Writes what ``init(from:)`` reads.
  public func encode(to encoder: any Encoder) throws {
    func word(_ word: Word) throws {
      var container = encoder.singleValueContainer()
      try container.encode(word.rawValue)
    }
    switch self {
    case .given: try word(.given)
    case .rows: try word(.rows)
    case .granular: try word(.granular)
    case .percentile(let percentile):
      var container = encoder.container(keyedBy: PercentileKeys.self)
      try container.encode(percentile, forKey: .percentile)
    }
  }
}
