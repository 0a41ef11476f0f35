import RunLog

/// One layer of a network in a config.
///
///     - {convolution: {kernel: 5, channels: 4}}
///     - relu
///     - {maxPool: 2}
///     - {linear: 10}
///
/// `{lstm: 64}` takes images as sequences, row by row.
public enum LayerDescription: Hashable, Sendable {
  /// A convolution with square kernels and zeros around the image.
  case convolution(Convolution)
  /// A linear layer over all values of an image.
  case linear(Int)
  /// LSTM cells over the rows of an image, one after another; an LSTM after them sees what they put out at every
  /// row, any other layer what they put out at the last.
  case lstm(Int)
  /// Batch norm.
  case batchNorm
  /// max(x, 0).
  case relu
  /// Maxima of squares of so many pixels a side, which do not overlap.
  case maxPool(Int)

  /// A convolution.
  public struct Convolution: Codable, Hashable, Sendable {
    /// Taps along a side.
    public var kernel: Int
    /// Output channels.
    public var channels: Int
    /// Zeros around an image.
    public var padding: Int

    /// A convolution.
    public init(kernel: Int, channels: Int, padding: Int = 0) {
      self.kernel = kernel
      self.channels = channels
      self.padding = padding
    }

    /// Reads one; padding may be left out.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      self.init(
        kernel: try keys.decode(Int.self, forKey: .kernel),
        channels: try keys.decode(Int.self, forKey: .channels),
        padding: try keys.decodeIfPresent(Int.self, forKey: .padding) ?? 0)
    }
  }
}

extension LayerDescription: ValidatedConfig {
  private enum CodingKeys: String, CodingKey { case convolution, linear, lstm, maxPool }
  private enum Word: String, Codable, CaseIterable {
    case batchNorm
    case relu
  }

  /// Reads a word or a group of one key.
  public init(from decoder: any Decoder) throws {
    if (try? decoder.singleValueContainer().decode(String.self)) != nil {
      switch try decoder.singleValueContainer().decode(Word.self) {
      case .batchNorm: self = .batchNorm
      case .relu: self = .relu
      }
      return
    }
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    let convolution = try keys.decodeIfPresent(Convolution.self, forKey: .convolution)
    let linear = try keys.decodeIfPresent(Int.self, forKey: .linear)
    let lstm = try keys.decodeIfPresent(Int.self, forKey: .lstm)
    let maxPool = try keys.decodeIfPresent(Int.self, forKey: .maxPool)
    switch (convolution, linear, lstm, maxPool) {
    case (let convolution?, nil, nil, nil): self = .convolution(convolution)
    case (nil, let outputs?, nil, nil): self = .linear(outputs)
    case (nil, nil, let units?, nil): self = .lstm(units)
    case (nil, nil, nil, let size?): self = .maxPool(size)
    default:
      throw DecodingError.dataCorrupted(
        DecodingError.Context(
          codingPath: decoder.codingPath,
          debugDescription: "one of convolution, linear, lstm, maxPool, batchNorm, relu"))
    }
  }

  /// Writes what ``init(from:)`` reads.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .batchNorm, .relu:
      var container = encoder.singleValueContainer()
      try container.encode(self == .relu ? Word.relu : Word.batchNorm)
    case .convolution(let convolution):
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(convolution, forKey: .convolution)
    case .linear(let outputs):
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(outputs, forKey: .linear)
    case .lstm(let units):
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(units, forKey: .lstm)
    case .maxPool(let size):
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(size, forKey: .maxPool)
    }
  }

  /// Checks sizes.
  public func validate() throws {
    switch self {
    case .convolution(let convolution):
      try require("convolution.kernel", convolution.kernel, in: 1...15)
      try require("convolution.channels", convolution.channels, in: 1...65_536)
      try require("convolution.padding", convolution.padding, in: 0...convolution.kernel / 2)
    case .linear(let outputs): try require("linear", outputs, in: 1...65_536)
    case .lstm(let units): try require("lstm", units, in: 1...16_384)
    case .maxPool(let size): try require("maxPool", size, in: 2...16)
    case .batchNorm, .relu: break
    }
  }
}
