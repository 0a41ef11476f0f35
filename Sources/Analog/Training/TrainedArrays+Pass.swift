import Autodiff
import CKernels
import Crossbar
import Runtime
import Tensor

extension TrainedArrays {
  /// The layer's output in the forward pass of step `step`.
  ///
  /// - Parameters:
  ///   - x: `[batch, height, width, inputs]`.
  ///   - step: Decides the noise of the reads.
  ///   - call: Which call of the step this is, for layers that are read several times; it decides noise too.
  /// - Returns: `[batch, height', width', outputs]`.
  public func callAsFunction(
    _ x: Variable, step: Int, call: Int = 0, in context: Context
  ) -> Variable {
    let x = context.materialized(x)
    let patches = Patches(of: x.shape, kernel: kernel, padding: padding)
    let outputs = weight.shape[0]
    let shape: Shape = [x.shape[0], patches.outputHeight, patches.outputWidth, outputs]
    if let products = context.products,
      let y = product(patches, context.value(x), products, call, context)
    {
      return Variable(constant: y.reshaped(shape))
    }
    let input = Tensor(uninitialized: x.shape)
    let values = context.value(x)
    let largest = quantised(values, into: input, context)
    let vectors = patches.gathered(input)
    let factors = outputFactors(context.store)
    let reads = noise("reads", step: step, call: call)
    let partial = rowCut.indices.map {
      converted(vectors, $0, largest, reads.derived(UInt64($0)), context)
    }
    let y = sum(partial, factors, context.store.value(bias).floats)
    return context.custom(y.reshaped(shape), of: x) { [self] gradient in
      let g = gradient.reshaped([patches.count, outputs]).contiguous()
      let wantsInputs = x.needsGradient || inputRange != nil
      addScaleGradient(g, partial, context)
      let errors =
        tiles == nil
        ? addGradients(g, vectors, factors, wantsInputs, context)
        : collectUpdate(
          g, vectors, factors,
          wantsInputs ? noise("transposed reads", step: step, call: call) : nil,
          context)
      guard let errors else { return nil }
      let dx = patches.scattered(errors)
      if let inputRange {
        let stopped = LearnedRange.cut(dx, where: values.contiguous(), exceed: largest)
        context.addGradient(Tensor([stopped], shape: [1]), to: inputRange)
      }
      return x.needsGradient ? dx : nil
    }
  }

  /// The draws of one kind of read in one call of one step.
  private func noise(_ kind: String, step: Int, call: Int) -> RandomStream {
    let stream = random.derived(kind).derived(UInt64(step))
    return call == 0 ? stream : stream.derived("call").derived(UInt64(call))
  }

  /// The layer on other hardware, its arrays' scales multiplied into the weights.
  private func product(
    _ patches: Patches, _ x: Tensor, _ products: any MatrixProducts, _ call: Int,
    _ context: Context
  ) -> Tensor? {
    let weights = Tensor(scaled(context.store), shape: weight.shape)
    let positions = patches.outputHeight * patches.outputWidth
    guard
      let y = products.product(
        patches.gathered(x), weight: weights, taps: kernel * kernel, layer: name,
        firstVector: context.firstImage * positions + call << 32)
    else { return nil }
    let ones = [[Float](repeating: 1, count: y.shape[1])]
    return sum([y], ones, context.store.value(bias).floats)
  }

  /// The scales of arrays, output by output, for each cut of the inputs.
  func outputFactors(_ store: ParameterStore) -> [[Float]] {
    let scales = store.value(scale).floats
    return rowCut.indices.map { row in
      columnCut.enumerated().flatMap { column, outputs in
        [Float](repeating: scales[row * columnCut.count + column], count: outputs.count)
      }
    }
  }

  /// Rounds inputs to the codes of the drivers; returns the largest magnitude.
  ///
  /// All codes are on one side: an input that may be negative takes one bit more.
  private func quantised(_ x: Tensor, into target: Tensor, _ context: Context) -> Float {
    let values = x.contiguous()
    var largest: Float = 0
    kk_row_maxima(&largest, values.pointer, 1, x.shape.count, x.shape.count)
    if let range = learnedRange(values, context) { largest = range }
    guard rule != .digital, largest > 0, let bits = settings.hardware.periphery.dac.bits else {
      target.pointer.update(from: values.pointer, count: x.shape.count)
      return largest
    }
    let step = largest / Float((1 << bits) - 1)
    let one: [Float] = [1]
    kk_dac(
      target.pointer, values.pointer, one, 1, x.shape.count, x.shape.count, x.shape.count,
      step, largest)
    return largest
  }

  /// The learned range of inputs; the first batch of a training sets it.
  private func learnedRange(_ values: Tensor, _ context: Context) -> Float? {
    guard let inputRange else { return nil }
    let known = context.store.value(inputRange).floats[0]
    guard known <= 0, context.mode == .training else { return known > 0 ? known : nil }
    guard let first = LearnedRange.first(of: values) else { return nil }
    context.store.set(inputRange, to: Tensor([first], shape: [1]))
    return first
  }

  /// What the converters of arrays with the same inputs give for vectors: `[vectors, outputs]`.
  private func converted(
    _ vectors: Tensor, _ row: Int, _ largest: Float, _ noise: RandomStream, _ context: Context
  ) -> Tensor {
    let injected = context.mode == .training ? settings.weightNoise : 0
    guard rule != .digital else {
      let weights = context.store.value(weight)
      add(noise.derived("injected"), to: weights, deviation: injected * weights.maxAbs())
      return matmul(vectors, weights, transposeB: true)
    }
    let periphery = settings.hardware.periphery
    let unit = largest * limit
    let inputs = vectors.channels(rowCut[row])
    var devices = programmed.channels(rowCut[row])
    if injected > 0 {
      devices = devices.copy()
      add(noise.derived("injected"), to: devices, deviation: injected * limit)
    }
    let currents: Tensor
    if let variance, settings.hardware.readNoise == .perRead {
      currents = matmul(inputs, devices, transposeB: true)
      let deviations = matmul(
        inputs.squares(), variance.channels(rowCut[row]), transposeB: true)
      add(noise, to: currents, deviations: deviations, floor: periphery.outputNoise * unit)
    } else {
      if let variance {
        let drawn = devices.copy()
        let isFrozen = settings.hardware.readNoise == .frozen
        let stream = isFrozen ? random.derived("frozen").derived(UInt64(row)) : noise
        add(
          stream.derived("devices"), to: drawn, deviations: variance.channels(rowCut[row]).copy(),
          floor: 0)
        currents = matmul(inputs, drawn, transposeB: true)
      } else {
        currents = matmul(inputs, devices, transposeB: true)
      }
      add(noise, to: currents, deviation: periphery.outputNoise * unit)
    }
    convert(currents, unit)
    return currents
  }

  private func convert(_ currents: Tensor, _ unit: Float) {
    let adc = settings.hardware.periphery.adc
    let one: [Float] = [1]
    parallelChunks(currents.shape.count, of: 1 << 14) { range in
      let first = currents.pointer + range.lowerBound
      _ = kk_adc(
        first, first, one, nil, 1, range.count, range.count, range.count, adc.step * unit,
        adc.low * unit, adc.high * unit, 0)
    }
  }

  /// Adds a Gaussian of one deviation to every value.
  private func add(_ noise: RandomStream, to values: Tensor, deviation: Float) {
    guard deviation > 0 else { return }
    parallelChunks(values.shape.count, of: 1 << 14) { range in
      let first = values.pointer + range.lowerBound
      kk_random_add_gaussian(
        first, first, deviation, noise.seed, noise.stream, UInt64(range.lowerBound), range.count)
    }
  }

  /// Adds a Gaussian to every value, its variance given and overwritten.
  private func add(
    _ noise: RandomStream, to values: Tensor, deviations: Tensor, floor: Float
  ) {
    parallelChunks(values.shape.count, of: 1 << 14) { range in
      let (first, spread) = (
        values.pointer + range.lowerBound, deviations.pointer + range.lowerBound
      )
      kk_noise_deviation(spread, spread, floor, range.count)
      kk_random_add_gaussian_each(
        first, first, spread, noise.seed, noise.stream, UInt64(range.lowerBound), range.count)
    }
  }

  /// The scaled sum over cuts of the inputs, and the bias.
  private func sum(_ partial: [Tensor], _ factors: [[Float]], _ bias: [Float]) -> Tensor {
    let y = Tensor(uninitialized: partial[0].shape)
    let outputs = bias.count
    for (cut, values) in partial.enumerated() {
      let (target, source) = (y.pointer, values.pointer)
      parallelChunks(y.shape[0], of: 1024) { rows in
        let first = rows.lowerBound * outputs
        kk_scale_columns(
          target + first, source + first, factors[cut], cut == 0 ? bias : nil, rows.count, outputs,
          outputs, outputs)
      }
    }
    return y
  }

  /// Adds the gradients of weights and biases, as the digital belief has them.
  ///
  /// - Returns: The gradient of the vectors, where it is asked for.
  private func addGradients(
    _ g: Tensor, _ vectors: Tensor, _ factors: [[Float]], _ wantsInputs: Bool, _ context: Context
  ) -> Tensor? {
    var matrix: Tensor?
    if wantsInputs {
      let belief = context.store.value(weight)
      scaleArrays(of: belief, by: factors)
      matrix = belief
    }
    let gradients = LinearGradients(of: g, x: vectors, through: matrix)
    scaleArrays(of: gradients.weight, by: factors)
    context.addGradient(gradients.weight, to: weight)
    context.addGradient(gradients.bias, to: bias)
    return gradients.inputs
  }

  /// Leaves the update to arrays that nobody else knows the weights of.
  ///
  /// - Parameter noise: Draws of the transposed reads; nil where nobody asks for them.
  /// - Returns: The gradient of the vectors, through the arrays.
  private func collectUpdate(
    _ g: Tensor, _ vectors: Tensor, _ factors: [[Float]], _ noise: RandomStream?,
    _ context: Context
  ) -> Tensor? {
    if let unit = tiles?.unit {
      for (row, inputs) in rowCut.enumerated() {
        let errors = scaled(g, by: factors[row].map { -$0 / unit })
        tiles?.collect(errors, vectors.channels(inputs), row: row)
      }
    }
    let ones = Tensor(repeating: 1, shape: [1, g.shape[0]])
    context.addGradient(matmul(ones, g), to: bias)
    return noise.map { transposed(g, factors, noise: $0) }
  }

  private func addScaleGradient(_ g: Tensor, _ partial: [Tensor], _ context: Context) {
    // Weights of two states keep the size that their layer began with.
    guard rule != .digital, rule.binary == nil else { return }
    let dots = partial.flatMap { values in
      let perOutput = g.columnDots(with: values)
      return columnCut.map { perOutput[$0].reduce(0, +) }
    }
    context.addGradient(Tensor(dots, shape: [dots.count]), to: scale)
  }

  /// Multiplies each weight of a matrix `[outputs, inputs]` by the scale of its array.
  func scaleArrays(of matrix: Tensor, by factors: [[Float]]) {
    guard rule != .digital else { return }
    for (range, factors) in zip(rowCut, factors) {
      for output in 0..<matrix.shape[0] {
        let first = matrix.pointer + output * matrix.shape[1] + range.lowerBound
        kk_scale(first, first, range.count, factors[output])
      }
    }
  }
}
