import Autodiff
import Crossbar
import Datasets
import NN
import RunLog
import Supernet
import Tensor

/// Trains a network on arrays step by step; holds all that an exact resume needs and knows no files.
public final class NetworkTrainer {
  /// The config.
  public let config: NetworkConfig
  /// The arrays.
  public let hardware: CrossbarHardware
  /// The network.
  public let network: ArrayNetwork
  /// Steps taken.
  public private(set) var step = 0
  private var optimizer: any Optimizer
  private let gradients: Gradients
  private let norms: NormStatistics

  private static let parametersName = "state.parameters"

  /// A trainer at step 0.
  ///
  /// - Throws: `KirchhoffError` for a network that does not fit the images or the arrays.
  public init(
    _ config: NetworkConfig, hardware: CrossbarHardware, data: ImageDataset
  ) throws {
    self.config = config
    self.hardware = hardware
    network = try ArrayNetwork(
      config.network.resolved(), shape: data.shape, classes: data.classCount,
      settings: config.settings(hardware), seed: config.seed)
    optimizer = config.optimizer.make(for: network.store)
    gradients = Gradients(for: network.store)
    norms = NormStatistics(channels: network.normChannels)
  }

  /// Whether the last step has been taken.
  public var isFinished: Bool { step >= config.steps }

  /// What a checkpoint must fit.
  var fingerprint: String { "\(config.network.name)-\(network.store.floatCount)" }

  /// The learning rate of the next step.
  public var learningRate: Float { config.learningRate.rate(step: step, of: config.steps) }

  /// Takes one step on a batch; returns the loss.
  public func train(on batch: Batch) -> Float {
    let tape = Tape()
    let context = Context(
      store: network.store, norms: norms, gradients: gradients, tape: tape, mode: .training)
    let logits = network.logits(batch.images, step: step, in: context)
    let loss = context.crossEntropy(logits, labels: batch.labels)
    tape.backward(from: loss)
    var options = StepOptions(learningRate: learningRate)
    options.clip = config.optimizer.clip
    optimizer.step(network.store, gradients, options)
    let rate = learningRate / config.learningRate.base
    for layer in network.layers { layer.follow(network.store, step: step, rate: rate) }
    step += 1
    return loss.tensor.scalar
  }

  /// How often each layer was programmed.
  var layers: [ArraysRecord.Layer] {
    network.layers.map { layer in
      let mostWrites = Int(layer.writes.max() ?? 0)
      return ArraysRecord.Layer(
        name: layer.name, weights: layer.weights, arrays: layer.arrays,
        writes: layer.writes.reduce(0) { $0 + Int($1) },
        mostWrites: mostWrites, pulses: layer.pulses,
        writing: hardware.writeCost.writing(pulses: layer.pulses, mostWrites: mostWrites))
    }
  }

  /// What of the trainer is no tensor.
  struct State: Codable {
    var step: Int
    var optimizerSteps: Int
    var seconds: Double
  }

  func state(seconds: Double) -> State {
    State(step: step, optimizerSteps: optimizer.stepCount, seconds: seconds)
  }

  /// Everything that goes into a checkpoint's tensor file.
  func checkpointTensors() -> [TensorSource] {
    let store = network.store
    let flat =
      [(Self.parametersName, store.snapshotTensor())]
      + optimizer.state.map { ("state.\($0.name)", $0.values) }
      + network.layers.flatMap(\.state).map { ("state.\($0.name)", $0.values) }
    return flat.map { TensorSource(flat: $0, $1) }
      + store.entries.map { entry in
        let value = store.value(entry.parameter)
        return TensorSource(name: entry.name, shape: value.shape.array, floats: value.floats)
      }
  }

  /// Restores a checkpoint.
  func restore(_ state: State, _ file: SafetensorsFile) throws {
    let prefix = "state."
    let names = file.tensors.map(\.name).filter { $0.hasPrefix(prefix) }
    let values = Dictionary(
      uniqueKeysWithValues: try names.map {
        (String($0.dropFirst(prefix.count)), try file.floats($0))
      })
    network.store.restore(try file.floats(Self.parametersName))
    try optimizer.restore(
      stepCount: state.optimizerSteps,
      state: values.mapValues { Tensor($0, shape: [$0.count]) })
    for layer in network.layers { try layer.restore(values, network.store) }
    step = state.step
  }
}

extension WriteCost {
  /// What writes came to; nil where nothing is known.
  ///
  /// - Parameters:
  ///   - pulses: Writes of single devices.
  ///   - mostWrites: Those of the device that was written most.
  func writing(pulses: Int, mostWrites: Int) -> ArraysRecord.Writing? {
    guard self != WriteCost() else { return nil }
    return ArraysRecord.Writing(
      joules: joules.map { $0 * Double(pulses) }, seconds: seconds.map { $0 * Double(pulses) },
      enduranceSpent: endurance.map { Double(mostWrites) / $0 })
  }
}
