import Autodiff
import CKernels
import Crossbar
import NN
import Runtime
import Tensor

/// How the devices of a layer follow its training.
public enum WriteRule: String, Codable, Hashable, Sendable, CaseIterable {
  /// No devices: weights are digital numbers.
  case digital
  /// Updates add up in digital memory; a device is programmed when they pass a level.
  case mixedPrecision = "mixed-precision"
  /// Every update is written at once.
  case naive
}

/// What arrays are trained with.
public struct TrainedArraySettings: Codable, Hashable, Sendable {
  /// Levels of a device; a differential pair holds 2 · levels − 1 weights.
  public var levels: Int
  /// Word lines of an array.
  public var rows: Int
  /// Input bits.
  public var inputBits: Int
  /// The converter behind every array, in units of the largest input times the largest weight.
  public var adc: Converter
  /// Standard deviation of programming, levels.
  public var programmingLevels: Float
  /// Standard deviation of a read of a device pair, levels, drawn once a call.
  public var readLevels: Float
  /// Standard deviation of noise before the converter, in units of its bound.
  public var outputNoise: Float

  /// Two-bit devices of a 64-row array with 8-bit converters: the LeNet of arXiv 2305.14547.
  ///
  /// The paper gives no range of the converter for it; that of its larger networks is taken.
  public static let twoBit = TrainedArraySettings(
    levels: 4, rows: 64, inputBits: 8, adc: Converter(bits: 8, bound: 70 / 6),
    programmingLevels: 0, readLevels: 0, outputNoise: 0)
}

/// A layer whose weights are in arrays and are trained there: a convolution without padding, or, with
/// a kernel of 1, a linear layer.
///
/// y = Σ over arrays of s · ADC(x · W) + b: inputs are cut over arrays in whole channels, every array
/// has a trainable scale, and bias and activation are digital. Backward, the digital belief stands for
/// the weights, and converters pass gradients straight through.
public final class TrainedArrays {
  /// What errors and tables call it.
  public let name: String
  /// Taps along each side of a kernel.
  public let kernel: Int
  /// Weights.
  public var weights: Int { weight.shape.count }
  /// How often each weight was programmed; empty without devices.
  public var writes: [Int32] { programmer?.writes ?? [] }

  private let settings: TrainedArraySettings
  private let rule: WriteRule
  private let weight: Parameter
  private let scale: Parameter
  private let bias: Parameter
  private let chunks: [Range<Int>]
  private let random: RandomStream
  private var programmer: ThresholdProgrammer?
  private var programmed: Tensor
  private var level: Float = 0

  /// Declares the parameters of a layer in `store`.
  public init(
    _ name: String, kernel: Int = 1, inputs: Int, outputs: Int, in store: ParameterStore,
    rule: WriteRule, settings: TrainedArraySettings, random: RandomStream
  ) {
    self.name = name
    self.kernel = kernel
    self.rule = rule
    self.settings = settings
    self.random = random.derived(name)
    let (taps, bound) = (kernel * kernel, 1 / Float(kernel * kernel * inputs).squareRoot())
    let size = taps * inputs
    weight = store.declare(
      "\(name).weight", shape: [outputs, size],
      initializer: .gaussian(standardDeviation: bound / Float(3).squareRoot()), decays: true)
    // Whole channels: a chunk holds ⌊rows/taps⌋ of them, all taps of each.
    let channels = rule == .digital ? inputs : max(settings.rows / taps, 1)
    chunks = stride(from: 0, to: inputs, by: channels).map {
      $0..<min($0 + channels, inputs)
    }
    scale = store.declare(
      "\(name).scale", shape: [chunks.count], initializer: .constant(1), decays: false)
    bias = store.declare(
      "\(name).bias", shape: [outputs], initializer: .constant(0), decays: false)
    programmed = Tensor(shape: [outputs, size])
  }

  /// Programs the first weights, once the store has its values.
  public func begin(_ store: ParameterStore) {
    guard rule != .digital else { return }
    let first = store.value(weight).floats
    level = (first.map(abs).max() ?? 1) / Float(settings.levels - 1)
    let limit = level * Float(settings.levels - 1)
    let snapped = first.map { min(max(($0 / level).rounded() * level, -limit), limit) }
    programmer = ThresholdProgrammer(
      weights: snapped, threshold: level, limit: limit, level: level)
    store.set(weight, to: Tensor(snapped, shape: weight.shape))
    programmed = Tensor(snapped, shape: weight.shape)
    program(Array(snapped.indices))
  }

  /// The layer's output in the forward pass of step `step`.
  ///
  /// - Parameter x: `[batch, height, width, inputs]`, not negative.
  public func callAsFunction(_ x: Variable, step: Int, in context: Context) -> Variable {
    let x = context.materialized(x)
    let patches = Patches(of: x.shape, kernel: kernel)
    let (outputs, count) = (
      weight.shape[0], patches.batch * patches.outputHeight * patches.outputWidth
    )
    let input = Tensor(uninitialized: x.shape)
    let largest = quantised(context.value(x), into: input)
    let vectors = patches.gathered(input)
    let scales = context.store.value(scale).floats
    let partial = chunks.indices.map { converted(vectors, $0, largest, step, context.store) }
    let y = Tensor(uninitialized: [count, outputs])
    let offsets = context.store.value(bias).floats
    for row in 0..<count {
      let target = y.pointer + row * outputs
      for output in 0..<outputs { target[output] = offsets[output] }
      for (chunk, values) in partial.enumerated() {
        let source = values.pointer + row * outputs
        for output in 0..<outputs { target[output] += scales[chunk] * source[output] }
      }
    }
    let shape: Shape = [patches.batch, patches.outputHeight, patches.outputWidth, outputs]
    return context.custom(y.reshaped(shape), of: x) { [self] gradient in
      let g = gradient.reshaped([count, outputs]).contiguous()
      addGradients(g, vectors, partial, scales, context)
      guard x.needsGradient else { return nil }
      let matrix = context.store.value(weight)
      scaleArrays(of: matrix, by: scales)
      return patches.scattered(matmul(g, matrix))
    }
  }

  /// Follows the optimiser, which has just changed the weights in `store`: programs devices and puts
  /// the digital belief back.
  public func follow(_ store: ParameterStore) {
    guard var programmer else { return }
    let wanted = store.value(weight).floats
    let change = zip(wanted, programmer.belief).map { $0 - $1 }
    let moved: [Int]
    switch rule {
    case .digital: return
    case .mixedPrecision: moved = programmer.update(change)
    case .naive:
      moved = change.indices.filter { change[$0] != 0 }
      programmer = programmer.rewritten(change)
    }
    self.programmer = programmer
    store.set(weight, to: Tensor(programmer.belief, shape: weight.shape))
    program(moved)
  }

  private func program(_ indices: [Int]) {
    guard let programmer else { return }
    for index in indices {
      var value = programmer.belief[index]
      if settings.programmingLevels > 0 {
        let draws = random.derived("programming").derived(UInt64(programmer.writes[index]))
        value += settings.programmingLevels * level * draws.gaussian(at: UInt64(index))
      }
      programmed.pointer[index] = value
    }
  }

  /// Rounds inputs to the codes of the drivers; returns the largest input.
  private func quantised(_ x: Tensor, into target: Tensor) -> Float {
    let values = x.contiguous()
    var largest: Float = 0
    kk_row_maxima(&largest, values.pointer, 1, x.shape.count, x.shape.count)
    guard rule != .digital, largest > 0 else {
      target.pointer.update(from: values.pointer, count: x.shape.count)
      return largest
    }
    // Inputs are not negative: all codes are on one side.
    let step = largest / Float((1 << settings.inputBits) - 1)
    let one: [Float] = [1]
    kk_dac(
      target.pointer, values.pointer, one, 1, x.shape.count, x.shape.count, x.shape.count,
      step, largest)
    return largest
  }

  /// What an array's converters give for vectors: `[vectors, outputs]`.
  private func converted(
    _ vectors: Tensor, _ chunk: Int, _ largest: Float, _ step: Int, _ store: ParameterStore
  ) -> Tensor {
    let (count, outputs) = (vectors.shape[0], weight.shape[0])
    guard rule != .digital else { return matmul(vectors, store.value(weight), transposeB: true) }
    let matrix = devices(of: chunks[chunk])
    let noise = random.derived("reads").derived(UInt64(step)).derived(UInt64(chunk))
    if settings.readLevels > 0 {
      let read = noise.derived("devices")
      kk_random_add_gaussian(
        matrix.pointer, matrix.pointer, settings.readLevels * level, read.seed, read.stream, 0,
        matrix.shape.count)
    }
    let currents = matmul(vectors, matrix, transposeB: true)
    let unit = largest * level * Float(settings.levels - 1)
    if settings.outputNoise > 0 {
      noise.fillNoise(currents, deviation: settings.outputNoise * unit)
    }
    let ones = [Float](repeating: 1, count: max(count, outputs))
    _ = kk_adc(
      currents.pointer, currents.pointer, ones, ones, count, outputs, outputs, outputs,
      settings.adc.step * unit, settings.adc.bound * unit, 0)
    return currents
  }

  private func addGradients(
    _ g: Tensor, _ vectors: Tensor, _ partial: [Tensor], _ scales: [Float], _ context: Context
  ) {
    let matrix = matmul(g, vectors, transposeA: true)
    scaleArrays(of: matrix, by: scales)
    context.addGradient(matrix, to: weight)
    let outputs = weight.shape[0]
    var sums = [Float](repeating: 0, count: outputs)
    for row in 0..<g.shape[0] {
      for output in 0..<outputs { sums[output] += g.pointer[row * outputs + output] }
    }
    context.addGradient(Tensor(sums, shape: [outputs]), to: bias)
    guard rule != .digital else { return }
    let dots = partial.map { values in
      var sum = 0.0
      kk_dot(&sum, g.pointer, values.pointer, g.shape.count)
      return Float(sum)
    }
    context.addGradient(Tensor(dots, shape: [dots.count]), to: scale)
  }

  /// Multiplies each weight of a matrix by the scale of its array.
  private func scaleArrays(of matrix: Tensor, by scales: [Float]) {
    guard rule != .digital else { return }
    let channels = matrix.shape[1] / (kernel * kernel)
    for (chunk, range) in chunks.enumerated() {
      for row in 0..<matrix.shape[0] * kernel * kernel {
        for channel in range {
          matrix.pointer[row * channels + channel] *= scales[chunk]
        }
      }
    }
  }

  /// The programmed weights of an array, all others 0: `[outputs, inputs of the layer]`.
  private func devices(of range: Range<Int>) -> Tensor {
    let result = Tensor(shape: programmed.shape)
    let channels = programmed.shape[1] / (kernel * kernel)
    for row in 0..<programmed.shape[0] * kernel * kernel {
      for index in row * channels + range.lowerBound..<row * channels + range.upperBound {
        result.pointer[index] = programmed.pointer[index]
      }
    }
    return result
  }
}

extension RandomStream {
  fileprivate func fillNoise(_ values: Tensor, deviation: Float) {
    kk_random_add_gaussian(
      values.pointer, values.pointer, deviation, seed, stream, 0, values.shape.count)
  }
}
