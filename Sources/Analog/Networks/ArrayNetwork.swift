import Autodiff
import Datasets
import NN
import Runtime
import Tensor

/// A network layer after layer, its weights in arrays.
public final class ArrayNetwork {
  /// All parameters.
  public let store: ParameterStore
  /// The layers with weights, in order.
  public let layers: [TrainedArrays]
  /// Channels of all batch norms.
  let normChannels: Int
  private let stages: [Stage]

  private enum Stage {
    case arrays(TrainedArrays, flattens: Bool)
    case lstm(TrainedArrays, units: Int)
    case lastStep
    case norm(BatchNorm)
    case relu
    case maxPool(Int)
  }

  /// Builds a network and programs its first weights.
  ///
  /// - Parameters:
  ///   - layers: Its layers; the last is linear with an output a class.
  ///   - shape: The images that it sees.
  ///   - settings: Its arrays.
  ///   - seed: Decides weights, devices and noise.
  /// - Throws: `KirchhoffError` for layers that do not fit the images, the classes or the arrays.
  public init(
    _ layers: [LayerDescription], shape: ImageShape, classes: Int,
    settings: TrainedArraySettings, seed: UInt64
  ) throws {
    let builder = NetworkBuilder()
    var plan = Plan(
      shape: shape, builder: builder, settings: settings,
      random: RandomStream(seed: seed).derived("arrays"))
    for (index, layer) in layers.enumerated() {
      try plan.add(layer, at: index, before: index + 1 < layers.count ? layers[index + 1] : nil)
    }
    guard case .linear(classes)? = layers.last else {
      throw KirchhoffError(
        .config, subject: "network", place: "last layer",
        found: layers.last.map { "\($0)" } ?? "no layer",
        expected: "linear: \(classes), one output a class")
    }
    stages = plan.stages
    self.layers = plan.stages.compactMap {
      switch $0 {
      case .arrays(let layer, _), .lstm(let layer, _): layer
      case .norm, .relu, .maxPool, .lastStep: nil
      }
    }
    store = builder.store
    normChannels = builder.normChannels
    store.finish(seed: seed)
    for case .lstm(let layer, let units) in stages {
      store.set(layer.bias, to: Tensor(LSTM.forgetBias(units: units), shape: layer.bias.shape))
    }
    for layer in self.layers { try layer.begin(store) }
  }

  /// Class scores.
  ///
  /// - Parameters:
  ///   - images: `[batch, height, width, channels]`.
  ///   - step: Decides the noise of reads.
  /// - Returns: `[batch, classes]`.
  public func logits(_ images: Tensor, step: Int, in context: Context) -> Variable {
    let batch = images.shape[0]
    var x = Variable(constant: images)
    for stage in stages {
      switch stage {
      case .arrays(let layer, let flattens):
        if flattens {
          x = context.materialized(x)
          x = context.reshape(x, to: [batch, 1, 1, x.shape.count / batch])
        }
        x = layer(x, step: step, in: context)
      case .lstm(let layer, let units):
        let steps = x.shape[1]
        let sequence = context.reshape(
          context.materialized(x), to: [batch, steps, x.shape.count / (batch * steps)])
        let states = LSTM.unrolled(sequence, units: units, in: context) { inputs, time in
          let vectors = context.reshape(inputs, to: [batch, 1, 1, inputs.shape.channels])
          return context.reshape(
            layer(vectors, step: step, call: time, in: context), to: [batch, 4 * units])
        }
        x = context.reshape(context.concatenate(states), to: [batch, steps, 1, units])
      case .lastStep:
        let (steps, units) = (x.shape[1], x.shape[3])
        let flat = context.reshape(x, to: [batch, steps * units])
        x = context.reshape(
          context.slice(flat, channels: (steps - 1) * units..<steps * units),
          to: [batch, 1, 1, units])
      case .norm(let norm): x = norm(x, in: context)
      case .relu: x = context.activation(x, .relu)
      case .maxPool(let size): x = context.maxPool(x, size: size, stride: size)
      }
    }
    x = context.materialized(x)
    return context.reshape(x, to: [batch, x.shape.count / batch])
  }

  /// The ranges that inputs of layers were trained with, by the name of the layer.
  var inputRanges: [String: Float] {
    Dictionary(
      uniqueKeysWithValues: layers.compactMap { layer in
        layer.inputRange.map { (layer.name, store.value($0).floats[0]) }
      })
  }

  /// Norm statistics from passes over batches in training order, each batch counting one.
  func calibrated(on batches: BatchLoader, count: Int, step: Int) throws -> NormStatistics {
    let norms = NormStatistics(channels: normChannels)
    guard normChannels > 0 else { return norms }
    norms.beginCalibration(.cumulative)
    let context = Context(store: store, norms: norms, mode: .calibration)
    for index in 0..<min(count, batches.batchesPerEpoch) {
      _ = logits(try batches.batch(index: index).images, step: step, in: context)
    }
    norms.endCalibration()
    return norms
  }

  /// Class scores in inference.
  ///
  /// - Parameters:
  ///   - step: Decides the noise of reads.
  ///   - products: Other hardware; nil for the network's own.
  ///   - firstImage: The number of the first image in the whole evaluation.
  func logits(
    _ images: Tensor, norms: NormStatistics, step: Int, products: (any MatrixProducts)?,
    firstImage: Int
  ) -> Tensor {
    var context = Context(store: store, norms: norms, mode: .inference)
    context.products = products
    context.firstImage = firstImage
    return context.value(logits(images, step: step, in: context))
  }

  /// Share of images that are classified correctly.
  ///
  /// - Parameters:
  ///   - step: Decides the noise of reads, with the number of a batch.
  ///   - products: Other hardware; nil for the network's own.
  func accuracy(
    on batches: BatchLoader, norms: NormStatistics, step: Int,
    products: (any MatrixProducts)? = nil
  ) throws -> Double {
    var correct = 0
    var count = 0
    for index in 0..<batches.batchesPerEpoch {
      let batch = try batches.batch(index: index)
      let logits = logits(
        batch.images, norms: norms, step: step + index, products: products, firstImage: count)
      correct += topCount(logits, labels: batch.labels)
      count += batch.count
    }
    return Double(correct) / Double(count)
  }

  /// Follows the shape of an image from layer to layer.
  private struct Plan {
    var shape: ImageShape
    let builder: NetworkBuilder
    let settings: TrainedArraySettings
    let random: RandomStream
    var stages: [Stage] = []
    var isFlat = false

    mutating func add(
      _ layer: LayerDescription, at index: Int, before next: LayerDescription?
    ) throws {
      func require(_ holds: Bool, _ expected: String) throws {
        guard !holds else { return }
        throw KirchhoffError(
          .config, subject: "network", place: "layer \(index + 1)",
          found: "\(layer.summary) after \(shape)", expected: expected)
      }
      switch layer {
      case .convolution(let convolution):
        try require(!isFlat, "convolutions before linear layers")
        let margin = 2 * convolution.padding - convolution.kernel + 1
        try require(
          shape.height + margin > 0 && shape.width + margin > 0,
          "a kernel no larger than the image")
        let arrays = try TrainedArrays(
          "layer\(index + 1)", kernel: convolution.kernel, padding: convolution.padding,
          inputs: shape.channels, outputs: convolution.channels, in: builder.store,
          settings: settings, random: random)
        stages.append(.arrays(arrays, flattens: false))
        shape = ImageShape(
          height: shape.height + margin, width: shape.width + margin,
          channels: convolution.channels)
      case .linear(let outputs):
        let arrays = try TrainedArrays(
          "layer\(index + 1)", inputs: shape.count, outputs: outputs, in: builder.store,
          settings: settings, random: random)
        stages.append(.arrays(arrays, flattens: !isFlat))
        shape = ImageShape(height: 1, width: 1, channels: outputs)
        isFlat = true
      case .lstm(let units):
        try require(!isFlat, "LSTMs before linear layers")
        let arrays = try TrainedArrays(
          "layer\(index + 1)", inputs: shape.width * shape.channels + units, outputs: 4 * units,
          in: builder.store, settings: settings, random: random)
        stages.append(.lstm(arrays, units: units))
        shape = ImageShape(height: shape.height, width: 1, channels: units)
        if case .lstm? = next { return }
        stages.append(.lastStep)
        shape.height = 1
      case .batchNorm:
        stages.append(
          .norm(BatchNorm("layer\(index + 1)", channels: shape.channels, in: builder)))
      case .relu:
        stages.append(.relu)
      case .maxPool(let size):
        try require(
          shape.height >= size && shape.width >= size, "an image of at least \(size) × \(size)")
        stages.append(.maxPool(size))
        shape = ImageShape(
          height: shape.height / size, width: shape.width / size, channels: shape.channels)
      }
    }
  }
}

extension LayerDescription {
  /// The layer in a few words.
  var summary: String {
    switch self {
    case .convolution(let layer): "a \(layer.kernel) × \(layer.kernel) convolution"
    case .linear(let outputs): "a linear layer of \(outputs)"
    case .lstm(let units): "an LSTM of \(units)"
    case .batchNorm: "a batch norm"
    case .relu: "ReLU"
    case .maxPool(let size): "\(size) × \(size) maxima"
    }
  }
}
