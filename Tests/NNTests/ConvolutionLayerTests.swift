import Autodiff
import NN
import Runtime
import Tensor
import Testing

@Suite struct ConvolutionLayerTests {
  @Test("A linear layer uses its first outputs and inputs")
  func linear() {
    let probe = LayerProbe([3, 5]) {
      Linear("l", inputs: 8, outputs: 6, in: $0)
    } forward: {
      $0($1, outputs: 4, in: $2)
    }
    let plain = PlainMap(probe.input).linear(
      probe.value("l.weight"), probe.value("l.bias"), outputs: 4)
    #expect(plain.difference(probe.output()) < outputTolerance)
    #expect(probe.gradientError() < gradientTolerance)
  }

  struct Form: Sendable {
    var size: Int
    var stride: Int
    var groups: Int
  }

  static let forms = [1, 3, 5, 7].flatMap { size in
    [1, 2, 3].flatMap { stride in
      [1, 2, 4].map { Form(size: size, stride: stride, groups: $0) }
    }
  }

  @Test("Dense and grouped convolutions", arguments: forms)
  func convolution(_ form: Form) {
    let probe = LayerProbe([2, 7, 6, 8]) {
      Convolution(
        "c", inputs: 8, outputs: 12, size: form.size, stride: form.stride, groups: form.groups,
        bias: true, in: $0)
    } forward: {
      $0($1, in: $2)
    }
    let (weight, bias) = (probe.value("c.weight"), probe.value("c.bias"))
    let (inputs, outputs) = (8 / form.groups, 12 / form.groups)
    let plain = PlainMap(probe.input).convolution(
      outputs: 12, size: form.size, stride: form.stride
    ) { o, dy, dx, i in
      o / outputs == i / inputs ? Double(weight[o, dy, dx, i % inputs]) : 0
    }
    let biased = plain.mapRows(channels: 12) { row in
      zip(row, bias.floats).map { $0 + Double($1) }
    }
    #expect(biased.difference(probe.output()) < outputTolerance)
    #expect(probe.gradientError() < gradientTolerance)
  }

  @Test("A smaller kernel is the centre of the stored one", arguments: [3, 5, 7], [1, 2])
  func depthwise(size: Int, stride: Int) {
    let probe = LayerProbe([2, 6, 7, 5]) {
      DepthwiseConvolution("d", channels: 9, size: 7, stride: stride, in: $0)
    } forward: {
      $0($1, size: size, in: $2)
    }
    let plain = PlainMap(probe.input).depthwise(
      probe.value("d.weight"), size: size, stride: stride)
    #expect(plain.difference(probe.output()) < outputTolerance)
    #expect(probe.gradientError() < gradientTolerance)
  }

  @Test("Squeeze and excite gates each channel by the mean of its map")
  func squeezeExcite() {
    let probe = LayerProbe([3, 4, 5, 6]) {
      SqueezeExcite("se", channels: 10, hidden: 4, activation: .swish, gate: .sigmoid, in: $0)
    } forward: {
      $0($1, hidden: 3, in: $2)
    }
    let plain = squeezed(
      PlainMap(probe.input), "se", hidden: 3, activation: .swish, gate: .sigmoid, probe.value)
    #expect(plain.difference(probe.output()) < outputTolerance)
    #expect(probe.gradientError() < gradientTolerance)
  }

  struct Bottleneck: Sendable {
    var stride = 1
    var squeeze: Int?
    var expands = true
    var outputs = 6
    var projected = false
    var activation = ActivationFunction.swish
  }

  static let bottlenecks = [
    Bottleneck(), Bottleneck(stride: 2), Bottleneck(squeeze: 4), Bottleneck(expands: false),
    Bottleneck(outputs: 5), Bottleneck(stride: 2, squeeze: 3, outputs: 5, projected: true),
    Bottleneck(outputs: 5, projected: true), Bottleneck(activation: .hardSwish),
  ]

  @Test("The mobile inverted bottleneck", arguments: bottlenecks)
  func mbconv(_ form: Bottleneck) {
    var configuration = MBConv.Configuration(
      inputs: 8, outputs: 8, middle: form.expands ? 20 : 8, kernel: 5)
    configuration.stride = form.stride
    configuration.squeeze = form.squeeze
    configuration.expands = form.expands
    configuration.activation = form.activation
    if form.projected {
      configuration.shortcut = .projected(pool: form.stride, projects: true)
    }
    let choice = MBConv.Choice(
      outputs: form.outputs, middle: form.expands ? 14 : 6, kernel: 3,
      squeeze: form.squeeze.map { $0 - 1 })
    let probe = LayerProbe([3, 6, 6, 6]) {
      MBConv("m", configuration, in: $0)
    } forward: {
      $0($1, choice, in: $2)
    }
    let value = probe.value
    let x = PlainMap(probe.input)
    var y = x
    if form.expands {
      y = y.linear(value("m.expand.weight"), outputs: choice.middle)
        .batchNorm(value("m.expand_norm.gamma"), value("m.expand_norm.beta"))
        .activated(form.activation)
    }
    y = y.depthwise(value("m.depthwise.weight"), size: 3, stride: form.stride)
      .batchNorm(value("m.depthwise_norm.gamma"), value("m.depthwise_norm.beta"))
      .activated(form.activation)
    if let hidden = choice.squeeze {
      y = squeezed(
        y, "m.squeeze_excite", hidden: hidden, activation: .relu, gate: .hardSigmoid, value)
    }
    y = y.linear(value("m.project.weight"), outputs: form.outputs)
      .batchNorm(value("m.project_norm.gamma"), value("m.project_norm.beta"))
    if form.projected {
      var added = form.stride == 2 ? halved(x) : x
      if form.outputs != 6 { added = added.linear(value("m.shortcut.weight"), outputs: 5) }
      y = y + added
    } else if form.stride == 1, form.outputs == 6 {
      y = y + x
    }
    #expect(y.difference(probe.output()) < outputTolerance)
    // Differences across the kinks of relu and the hard functions are no gradients.
    if form.squeeze == nil, form.activation == .swish {
      #expect(probe.gradientError() < gradientTolerance)
    }
  }

  private func squeezed(
    _ x: PlainMap, _ name: String, hidden: Int, activation: ActivationFunction,
    gate: ActivationFunction, _ value: (String) -> Tensor
  ) -> PlainMap {
    let gates = x.pooled
      .linear(value("\(name).reduce.weight"), value("\(name).reduce.bias"), outputs: hidden)
      .activated(activation)
      .linear(value("\(name).expand.weight"), value("\(name).expand.bias"), outputs: x.channels)
      .activated(gate)
    var result = x
    let size = x.values.count / x.extents[0]
    for i in x.values.indices {
      result.values[i] *= gates.values[i / size * x.channels + i % x.channels]
    }
    return result
  }

  /// The mean of 2 × 2 windows.
  private func halved(_ x: PlainMap) -> PlainMap {
    var result = PlainMap([x.extents[0], x.extents[1] / 2, x.extents[2] / 2, x.channels])
    for b in 0..<x.extents[0] {
      for row in 0..<x.extents[1] {
        for column in 0..<x.extents[2] {
          for c in 0..<x.channels { result[b, row / 2, column / 2, c] += x[b, row, column, c] / 4 }
        }
      }
    }
    return result
  }

  @Test("Drop-path keeps the expectation, drops whole samples, and is off outside training")
  func dropPath() {
    let samples = 4096
    let rate: Float = 0.3
    let store = ParameterStore()
    store.finish(seed: 1)
    let x = Tensor(repeating: 1, shape: [samples, 3])
    func dropped(_ mode: Context.Mode) -> Tensor {
      let context = Context(store: store, norms: NormStatistics(channels: 1), mode: mode)
      return context.dropPath(
        Variable(constant: x), rate: rate, stream: RandomStream(seed: 8)
      ).tensor
    }
    let y = dropped(.training)
    var kept = 0
    for sample in 0..<samples {
      let row = (0..<3).map { y[sample, $0] }
      #expect(row.allSatisfy { $0 == row[0] } && (row[0] == 0 || row[0] == 1 / (1 - rate)))
      kept += row[0] == 0 ? 0 : 1
    }
    // Five standard deviations of a binomial; the seed is fixed.
    let deviation = (Double(samples) * 0.3 * 0.7).squareRoot()
    #expect(abs(Double(kept) - Double(samples) * 0.7) < 5 * deviation)
    #expect(dropped(.inference).hasSameBits(as: x))
    #expect(dropped(.calibration).hasSameBits(as: x))
  }

  @Test("The residual branch of a block is dropped, never its input")
  func droppedBlock() {
    let configuration = MBConv.Configuration(inputs: 4, outputs: 4, middle: 8, kernel: 3)
    let choice = MBConv.Choice(outputs: 4, middle: 8, kernel: 3)
    func probe(_ dropPath: DropPath?) -> LayerProbe<MBConv> {
      LayerProbe([64, 3, 3, 4]) {
        MBConv("m", configuration, in: $0)
      } forward: {
        $0($1, choice, dropPath: dropPath, in: $2)
      }
    }
    let whole = probe(nil)
    let x = whole.input.floats
    let branch = zip(whole.output().floats, x).map { $0 - $1 }
    let y = probe(DropPath(rate: 0.5, stream: RandomStream(seed: 9))).output().floats
    var kept = 0
    for sample in 0..<64 {
      let range = sample * 36..<(sample + 1) * 36
      let isKept = y[range].elementsEqual(x[range]) == false
      kept += isKept ? 1 : 0
      for i in range {
        // The sum is rounded once more than its parts.
        #expect(abs(y[i] - x[i] - (isKept ? 2 * branch[i] : 0)) < 1e-5)
      }
    }
    #expect((16...48).contains(kept))
  }
}
