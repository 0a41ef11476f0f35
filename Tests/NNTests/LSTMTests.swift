import Autodiff
import Foundation
import NN
import Tensor
import Testing

@Suite("LSTM")
struct LSTMTests {
  private static let (steps, inputs, units) = (4, 3, 5)

  private static func probe() -> LayerProbe<LSTM> {
    LayerProbe([2, steps, inputs]) {
      LSTM("lstm", inputs: inputs, units: units, in: $0)
    } forward: { layer, x, context in
      context.concatenate(layer(x, in: context))
    }
  }

  @Test("Cells compute what the equations say, one step after another")
  func equations() {
    let probe = Self.probe()
    let (weight, bias) = (probe.value("lstm.gates.weight").floats, probe.value("lstm.gates.bias"))
    let (input, output) = (probe.input.floats, probe.output().floats)
    let (steps, inputs, units) = (Self.steps, Self.inputs, Self.units)
    func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    for sample in 0..<2 {
      var out = [Double](repeating: 0, count: units)
      var kept = out
      for time in 0..<steps {
        let x = (0..<inputs).map { Double(input[(sample * steps + time) * inputs + $0]) } + out
        let sums = (0..<4 * units).map { gate in
          x.indices.reduce(Double(bias.floats[gate])) {
            $0 + x[$1] * Double(weight[gate * x.count + $1])
          }
        }
        for unit in 0..<units {
          kept[unit] =
            sigmoid(sums[units + unit]) * kept[unit]
            + sigmoid(sums[unit]) * tanh(sums[2 * units + unit])
          out[unit] = sigmoid(sums[3 * units + unit]) * tanh(kept[unit])
          let found = Double(output[sample * steps * units + time * units + unit])
          // Single precision over four steps.
          #expect(abs(found - out[unit]) < 5e-6)
        }
      }
    }
  }

  @Test("Gradients through time are those of differences")
  func gradients() { #expect(Self.probe().gradientError() < gradientTolerance) }
}
