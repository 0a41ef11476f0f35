import Runtime

/// The layers of a network in a config: a preset's name, or a list.
public enum NetworkChoice: Hashable, Sendable {
  /// One of `presets`.
  case preset(String)
  /// Layers spelled out.
  case layers([LayerDescription])

  /// Networks with a name.
  public static let presets: [(name: String, layers: [LayerDescription])] = [
    ("lenet", lenet), ("vgg8", vgg8), ("mlp", mlp), ("mlp200", mlp200), ("mlp3", mlp3),
    ("lstm", lstm),
  ]

  /// The preset's name.
  public var name: String {
    switch self {
    case .preset(let name): name
    case .layers: "network"
    }
  }

  /// The layers.
  ///
  /// - Throws: `KirchhoffError` with the nearest name for an unknown preset.
  public func resolved() throws -> [LayerDescription] {
    switch self {
    case .layers(let layers): return layers
    case .preset(let name):
      if let preset = Self.presets.first(where: { $0.name == name }) { return preset.layers }
      let names = Self.presets.map(\.name)
      throw KirchhoffError(
        .config, subject: "network", found: "\"\(name)\"",
        expected: "one of " + names.joined(separator: ", ") + " or a list of layers",
        hint: nearest(name, in: names).map { "did you mean \"\($0)\"?" })
    }
  }

  /// The LeNet of arXiv 2305.14547: convolutions 5 × 5 of 4 and 12 kernels without padding.
  ///
  /// The paper draws it without activation and pooling; here each has ReLU and 2 × 2 maxima.
  private static let lenet: [LayerDescription] =
    [4, 12].flatMap { channels in
      [.convolution(.init(kernel: 5, channels: channels)), .relu, .maxPool(2)]
    } + [.linear(10)]

  /// The VGG-8 of arXiv 2305.14547: six convolutions 3 × 3, halved after every second.
  private static let vgg8: [LayerDescription] =
    [32, 64, 128].flatMap { channels in
      [LayerDescription](
        repeating: .convolution(.init(kernel: 3, channels: channels, padding: 1)), count: 2
      ).flatMap { [$0, .batchNorm, .relu] } + [.maxPool(2)]
    } + [.linear(128), .relu, .linear(10)]

  /// The perceptron of arXiv 2001.11773: 784-250-10.
  private static let mlp: [LayerDescription] = [.linear(250), .relu, .linear(10)]

  /// The perceptron that weights of two states are tried on: 784-200-10.
  private static let mlp200: [LayerDescription] = [.linear(200), .relu, .linear(10)]

  /// An LSTM of 64 cells that reads images row by row.
  private static let lstm: [LayerDescription] = [.lstm(64), .linear(10)]

  /// The perceptron that updates in memory are tried on: 784-256-128-10.
  private static let mlp3: [LayerDescription] = [
    .linear(256), .relu, .linear(128), .relu, .linear(10),
  ]
}

extension NetworkChoice: Codable {
  /// Reads a name or a list.
  public init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      self = .preset(name)
    } else {
      self = .layers(try [LayerDescription](from: decoder))
    }
  }

  /// Writes what ``init(from:)`` reads.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .preset(let name):
      var container = encoder.singleValueContainer()
      try container.encode(name)
    case .layers(let layers): try layers.encode(to: encoder)
    }
  }
}
