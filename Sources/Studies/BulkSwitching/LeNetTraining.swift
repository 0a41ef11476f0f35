import Analog
import Autodiff
import Datasets
import NN
import Runtime
import Tensor

/// The LeNet of arXiv 2305.14547, trained on arrays of two-bit devices.
///
/// Convolutions 5 × 5 of 4 and 12 kernels without padding, each with ReLU and 2 × 2 max pooling, and a
/// linear layer of 10; the paper draws it without activation and pooling.
public struct LeNetTraining: Sendable {
  /// How devices follow the training.
  public var rule: WriteRule
  /// The seed of weights, order and noise.
  public var seed: UInt64
  /// Epochs.
  public var epochs = 13
  /// Random batches an epoch.
  public var batchesPerEpoch = 400
  /// Images a batch.
  public var batchSize = 64
  /// The learning rate of AdamW.
  public var learningRate: Float = 0.004
  /// The arrays.
  public var arrays = TrainedArraySettings.twoBit

  /// The paper's settings.
  public init(rule: WriteRule, seed: UInt64) {
    self.rule = rule
    self.seed = seed
  }

  /// What a training came to.
  public struct Result: Codable, Hashable, Sendable {
    /// Share of test images classified correctly, after each epoch.
    public var accuracy: [Double]
    /// Weights.
    public var weights: Int
    /// Times that a weight was programmed, all weights together.
    public var writes: Int
    /// The most that one was.
    public var mostWrites: Int
    /// Weights programmed in each epoch.
    public var writesOfEpoch: [Int]
  }

  /// Trains and tests.
  ///
  /// - Parameters:
  ///   - data: MNIST or the like: one channel, 28 × 28.
  ///   - progress: Called after every step with its number.
  public func run(on data: DatasetPair, progress: (Int) throws -> Void = { _ in }) throws -> Result
  {
    var options = BatchLoader.Options(
      batchSize: batchSize, normalisation: .identity(channels: 1), seed: seed)
    options.prefetch = 2
    let loader = try BatchLoader(data.training, options: options)
    let test = try BatchLoader(
      data.test, options: .evaluation(batchSize: 500, normalisation: .identity(channels: 1)))
    let network = try Network(rule, arrays, RandomStream(seed: seed).derived("lenet"), seed: seed)
    let gradients = Gradients(for: network.store)
    var optimizer = AdamW(for: network.store)
    let norms = NormStatistics(channels: 0)
    var result = Result(accuracy: [], weights: 0, writes: 0, mostWrites: 0, writesOfEpoch: [])
    var step = 0
    for _ in 0..<epochs {
      for _ in 0..<batchesPerEpoch {
        let batch = try loader.next()
        let tape = Tape()
        let context = Context(
          store: network.store, norms: norms, gradients: gradients, tape: tape, mode: .training)
        let logits = network.logits(batch.images, step: step, in: context)
        tape.backward(from: context.crossEntropy(logits, labels: batch.labels))
        optimizer.step(network.store, gradients, StepOptions(learningRate: learningRate))
        for layer in network.layers { layer.follow(network.store) }
        step += 1
        try progress(step)
      }
      result.accuracy.append(try network.accuracy(on: test, step: step, norms))
      let writes = network.writes.reduce(0) { $0 + Int($1) }
      result.writesOfEpoch.append(writes - result.writes)
      result.writes = writes
    }
    result.weights = network.layers.reduce(0) { $0 + $1.weights }
    result.mostWrites = Int(network.writes.max() ?? 0)
    return result
  }

  private final class Network {
    let store = ParameterStore()
    let layers: [TrainedArrays]

    init(
      _ rule: WriteRule, _ settings: TrainedArraySettings, _ random: RandomStream, seed: UInt64
    ) throws {
      let store = store
      func layer(_ name: String, _ kernel: Int, _ inputs: Int, _ outputs: Int) throws
        -> TrainedArrays
      {
        try TrainedArrays(
          name, kernel: kernel, inputs: inputs, outputs: outputs, in: store, rule: rule,
          settings: settings, random: random)
      }
      layers = try [layer("conv1", 5, 1, 4), layer("conv2", 5, 4, 12), layer("fc", 1, 192, 10)]
      store.finish(seed: seed)
      for layer in layers { layer.begin(store) }
    }

    var writes: [Int32] { layers.flatMap(\.writes) }

    func logits(_ images: Tensor, step: Int, in context: Context) -> Variable {
      var x = Variable(constant: images)
      for layer in layers.dropLast() {
        x = context.activation(layer(x, step: step, in: context), .relu)
        x = context.maxPool(x, size: 2, stride: 2)
      }
      let batch = x.shape[0]
      x = context.reshape(x, to: [batch, 1, 1, x.shape.count / batch])
      return context.reshape(
        layers[layers.count - 1](x, step: step, in: context), to: [batch, 10])
    }

    func accuracy(
      on test: BatchLoader, step: Int, _ norms: NormStatistics
    ) throws -> Double {
      var correct = 0
      var count = 0
      let context = Context(store: store, norms: norms, mode: .inference)
      for index in 0..<test.batchesPerEpoch {
        let batch = try test.batch(index: index)
        let logits = logits(batch.images, step: step + index, in: context)
        correct += topCount(context.value(logits), labels: batch.labels)
        count += batch.count
      }
      return Double(correct) / Double(count)
    }
  }
}
