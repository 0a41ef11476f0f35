import Autodiff
import Runtime
import Tensor
import Testing

/// Sums and lookups on shapes that are cut into several pieces.
@Suite struct ReductionTests {
  private typealias Operation = (Context, Variable) -> Variable

  /// Output and gradient of an operation at a number of threads.
  private func run(_ x: Tensor, threads: Int, _ operation: Operation) -> (Tensor, Tensor) {
    let before = Threads.count
    Threads.count = threads
    defer { Threads.count = before }
    let store = ParameterStore()
    store.finish(seed: 1)
    let tape = Tape()
    let context = Context(
      store: store, norms: NormStatistics(channels: 1), tape: tape, mode: .training)
    let leaf = tape.leaf(x)
    let y = operation(context, leaf)
    tape.backward(
      from: [(y, Tensor.gaussian(y.shape, from: RandomStream(seed: 5)))])
    return (y.tensor, tape.gradient(of: leaf)!)
  }

  @Test("Sums are right and have the same bits at any number of threads")
  func sums() {
    let shape: Shape = [37, 60, 41]
    let x = Tensor.gaussian(shape, mean: 0.5, from: RandomStream(seed: 4))
    let values = x.floats.map(Double.init)
    var channels = [Double](repeating: 0, count: 37 * 60)
    var samples = [Double](repeating: 0, count: 60 * 41)
    for (i, value) in values.enumerated() {
      channels[i / 41] += value
      samples[i % (60 * 41)] += value
    }
    let total = values.reduce(0, +)
    let cases: [(Operation, [Double])] = [
      ({ $0.sum($1) }, [total]), ({ $0.mean($1) }, [total / Double(values.count)]),
      ({ $0.sumOverChannels($1) }, channels), ({ $0.sumOverSamples($1) }, samples),
    ]
    for (operation, expected) in cases {
      let (y, gradient) = run(x, threads: 1, operation)
      for (found, expected) in zip(y.floats, expected) {
        // Some tens of single-precision additions of numbers of the size of one, or one rounding of
        // a sum in double precision.
        #expect(abs(Double(found) - expected) < 2e-6 * max(10, abs(expected)))
      }
      for threads in 2...3 {
        let other = run(x, threads: threads, operation)
        #expect(other.0.hasSameBits(as: y) && other.1.hasSameBits(as: gradient))
      }
    }
  }

  @Test("An embedding takes the rows of its indices; equal indices add up their gradients")
  func embedding() {
    let store = ParameterStore()
    let table = store.declare(
      "table", shape: [4, 3], initializer: .gaussian(standardDeviation: 1), decays: true)
    store.finish(seed: 2)
    let gradients = Gradients(for: store)
    let tape = Tape()
    let context = Context(
      store: store, norms: NormStatistics(channels: 1), gradients: gradients, tape: tape,
      mode: .training)
    let y = context.embedding([2, 0, 2], table: WeightWindow(table, outputs: 3, inputs: 2))
    let rows = store.value(table)
    #expect(y.shape == [3, 2])
    for (row, index) in [2, 0, 2].enumerated() {
      for c in 0..<2 { #expect(y.tensor[row, c] == rows[index, c]) }
    }
    tape.backward(from: [(y, Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2]))])
    #expect(gradients.gradient(table).floats == [3, 4, 0, 0, 0, 0, 6, 8, 0, 0, 0, 0])
  }
}
