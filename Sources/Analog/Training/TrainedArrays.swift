import Autodiff
import CKernels
import Crossbar
import Runtime
import Tensor

/// A layer whose weights are in arrays and are trained there: a convolution without padding, or, with
/// a kernel of 1, a linear layer.
///
/// y = Σ over arrays of s · ADC(x · W) + b: inputs are cut over arrays (`ArrayCut`), every array has a
/// trainable scale, and bias and activation are digital. Backward, the digital belief stands for
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
  /// The inputs of each array.
  private let cut: [Range<Int>]
  private let random: RandomStream
  private var programmer: ThresholdProgrammer?
  private var programmed: Tensor
  private var level: Float = 0

  /// Declares the parameters of a layer in `store`.
  ///
  /// - Throws: `KirchhoffError` when a kernel has more taps than an array has rows.
  public init(
    _ name: String, kernel: Int = 1, inputs: Int, outputs: Int, in store: ParameterStore,
    rule: WriteRule, settings: TrainedArraySettings, random: RandomStream
  ) throws {
    self.name = name
    self.kernel = kernel
    self.rule = rule
    self.settings = settings
    self.random = random.derived(name)
    let taps = kernel * kernel
    let size = taps * inputs
    // The deviation of PyTorch's first weights: uniform within one over the root of the inputs.
    weight = store.declare(
      "\(name).weight", shape: [outputs, size],
      initializer: .gaussian(standardDeviation: 1 / Float(3 * size).squareRoot()), decays: true)
    let arrays = ArrayCut(rows: settings.rows, columns: .max)
    cut = rule == .digital ? [0..<size] : try arrays.rows(of: inputs, taps: taps, name: name)
    scale = store.declare(
      "\(name).scale", shape: [cut.count], initializer: .constant(1), decays: false)
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
    let outputs = weight.shape[0]
    let input = Tensor(uninitialized: x.shape)
    let largest = quantised(context.value(x), into: input)
    let vectors = patches.gathered(input)
    let scales = context.store.value(scale).floats
    let partial = cut.indices.map { converted(vectors, $0, largest, step, context.store) }
    let y = sum(partial, scales, context.store.value(bias).floats)
    let shape: Shape = [x.shape[0], patches.outputHeight, patches.outputWidth, outputs]
    return context.custom(y.reshaped(shape), of: x) { [self] gradient in
      let g = gradient.reshaped([patches.count, outputs]).contiguous()
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
    case .naive: moved = programmer.rewrite(change)
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
    _ vectors: Tensor, _ array: Int, _ largest: Float, _ step: Int, _ store: ParameterStore
  ) -> Tensor {
    let (count, outputs) = (vectors.shape[0], weight.shape[0])
    guard rule != .digital else { return matmul(vectors, store.value(weight), transposeB: true) }
    let noise = random.derived("reads").derived(UInt64(step)).derived(UInt64(array))
    var devices = programmed.channels(cut[array])
    if settings.readLevels > 0 {
      devices = devices.copy()
      noise.derived("devices").add(to: devices, deviation: settings.readLevels * level)
    }
    let currents = matmul(vectors.channels(cut[array]), devices, transposeB: true)
    let unit = largest * level * Float(settings.levels - 1)
    if settings.outputNoise > 0 {
      noise.add(to: currents, deviation: settings.outputNoise * unit)
    }
    let ones = [Float](repeating: 1, count: max(count, outputs))
    _ = kk_adc(
      currents.pointer, currents.pointer, ones, ones, count, outputs, outputs, outputs,
      settings.adc.step * unit, settings.adc.bound * unit, 0)
    return currents
  }

  /// The scaled sum over arrays, and the bias.
  private func sum(_ partial: [Tensor], _ scales: [Float], _ bias: [Float]) -> Tensor {
    let y = Tensor(uninitialized: partial[0].shape)
    let outputs = bias.count
    parallelChunks(y.shape[0], of: 1024) { rows in
      for row in rows {
        let target = y.pointer + row * outputs
        for output in 0..<outputs { target[output] = bias[output] }
        for (array, values) in partial.enumerated() {
          let source = values.pointer + row * outputs
          for output in 0..<outputs { target[output] += scales[array] * source[output] }
        }
      }
    }
    return y
  }

  private func addGradients(
    _ g: Tensor, _ vectors: Tensor, _ partial: [Tensor], _ scales: [Float], _ context: Context
  ) {
    let matrix = matmul(g, vectors, transposeA: true)
    scaleArrays(of: matrix, by: scales)
    context.addGradient(matrix, to: weight)
    let ones = Tensor(repeating: 1, shape: [1, g.shape[0]])
    context.addGradient(matmul(ones, g), to: bias)
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
    for (array, range) in cut.enumerated() {
      for row in 0..<matrix.shape[0] {
        let first = matrix.pointer + row * matrix.shape[1] + range.lowerBound
        kk_scale(first, first, range.count, scales[array])
      }
    }
  }
}

extension RandomStream {
  fileprivate func add(to values: Tensor, deviation: Float) {
    kk_random_add_gaussian(
      values.pointer, values.pointer, deviation, seed, stream, 0, values.shape.count)
  }
}
