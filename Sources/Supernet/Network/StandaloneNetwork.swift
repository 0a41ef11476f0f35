import Autodiff
import Configuration
import Datasets
import Foundation
import RunLog
import Runtime
import SearchSpace
import Tensor

/// A network of its own, cut out of a supernet: weights, batch-norm statistics, and what it takes to
/// use them.
///
/// Its file is a safetensors file: each parameter under its name, the statistics of a batch norm
/// `NAME` as `NAME.mean` and `NAME.variance`, and a card in the metadata that names the space and the
/// subnet, the data and how images are normalised.
public struct StandaloneNetwork {
  /// What is known of a network beside its numbers.
  public struct Card: Codable, Hashable, Sendable {
    /// The space it was chosen from, with the subnet as its only member.
    public var space: SupernetSpace
    /// The data that it was trained on.
    public var data: DatasetSource
    /// What its images are normalised with.
    public var normalisation: Normalisation
    /// How its batch norms got their statistics.
    public var calibration: TrainingConfig.Calibration
    /// Bits that its inputs are rounded to; absent for none.
    public var inputBits: Int?
    /// The run of its supernet.
    public var run: String
    /// The training step of the supernet.
    public var step: Int
  }

  /// What is known of it.
  public let card: Card
  /// The network: a supernet of a single member.
  public let network: Supernet
  /// The statistics of its batch norms.
  public let norms: NormStatistics
  /// The subnet that it is.
  public let subnet: Subnet
  /// The subnet, resolved.
  public let plan: NetworkPlan

  private static let cardKey = "kirchhoff.network"

  /// Cuts a subnet out of a trained supernet.
  ///
  /// - Throws: `KirchhoffError` when the subnet is not of the space.
  public init(
    _ subnet: Subnet, of trained: TrainedSupernet, norms: NormStatistics,
    calibration: TrainingConfig.Calibration
  ) throws {
    network = try trained.supernet.extracted(subnet)
    self.norms = trained.supernet.extracted(norms, for: network)
    self.subnet = subnet
    plan = try network.space.plan(for: subnet)
    card = Card(
      space: network.space, data: trained.source, normalisation: trained.normalisation,
      calibration: calibration, inputBits: network.inputBits, run: trained.paths.root,
      step: trained.step)
  }

  /// Writes the file, in one step.
  ///
  /// - Throws: `KirchhoffError` when it cannot be written; what was there before is untouched.
  public func write(to path: String) throws {
    let store = network.store
    var tensors = store.entries.map { entry in
      let value = store.value(entry.parameter)
      return TensorSource(name: entry.name, shape: value.shape.array, floats: value.floats)
    }
    for (name, slot) in network.batchNorms {
      let window = slot.offset..<slot.offset + slot.channels
      for (part, values) in [("mean", norms.means), ("variance", norms.variances)] {
        tensors.append(
          TensorSource(
            name: "\(name).\(part)", shape: [slot.channels], floats: Array(values[window])))
      }
    }
    let text = try JSON.encode(card, subject: path)
    let metadata = [
      Self.cardKey: String(decoding: text, as: UTF8.self), "kirchhoff.subnet": subnet.id,
    ]
    try SafetensorsWriter.write(tensors, metadata: metadata, to: path)
  }

  /// Reads the file.
  ///
  /// - Throws: `KirchhoffError` when it cannot be read, is damaged, is something else, or has a weight
  ///   that is not a finite number.
  public init(contentsOf path: String) throws {
    let file = try SafetensorsFile(path: path)
    try file.checkFinite()
    card = try Self.card(file)
    guard let subnet = card.space.only else {
      throw KirchhoffError(
        .checkpoint, subject: path, place: "\(Self.cardKey), space.only", found: "nothing",
        expected: "the id of a subnet")
    }
    let network = Supernet(space: card.space, inputBits: card.inputBits, seed: 0)
    let store = network.store
    for entry in store.entries {
      let shape = entry.parameter.shape
      try file.read(
        entry.name, shape: shape.array,
        into: UnsafeMutableRawBufferPointer(
          UnsafeMutableBufferPointer(
            start: store.values + entry.parameter.offset, count: shape.count)))
    }
    func statistics(_ part: String) throws -> [Float] {
      try network.batchNorms.flatMap { name, slot in
        var values = [Float](repeating: 0, count: slot.channels)
        try values.withUnsafeMutableBytes {
          try file.read("\(name).\(part)", shape: [slot.channels], into: $0)
        }
        return values
      }
    }
    self.network = network
    norms = NormStatistics(
      means: try statistics("mean"), variances: try statistics("variance"))
    self.subnet = subnet
    plan = try card.space.plan(for: subnet)
  }

  private static func card(_ file: SafetensorsFile) throws -> Card {
    guard let text = file.metadata[cardKey] else {
      throw KirchhoffError(
        .checkpoint, subject: file.path, place: "header, __metadata__", found: "no \(cardKey)",
        expected: "a network written by kirchhoff extract")
    }
    do {
      return try JSON.decode(
        Card.self, from: Data(text.utf8), kind: .checkpoint, subject: file.path, place: cardKey)
    } catch let error as FieldError {
      throw KirchhoffError(
        .checkpoint, subject: file.path, place: "\(cardKey), \(error.place)", found: error.found,
        expected: error.expected)
    }
  }

  /// The class scores of images `[batch, side, side, channels]`, normalised as the card says.
  public func classify(_ images: Tensor) -> Tensor {
    network.classify(images, plan: plan, norms: norms)
  }

  /// Scores it on images.
  ///
  /// - Throws: `KirchhoffError` when the images do not fit, or one cannot be read.
  public func score(_ images: ImageDataset) throws -> SubnetScore {
    try SubnetEvaluator.score(
      network, plan: plan, norms: norms,
      on: SubnetEvaluator.loader(images, normalisation: card.normalisation))
  }
}
