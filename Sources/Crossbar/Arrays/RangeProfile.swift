import Runtime
import Synchronization
import Tensor

/// The sizes of inputs and currents that a matrix on arrays met in calibration; several threads may add.
public final class RangeProfile: Sendable {
  private struct Sizes {
    var inputs: [SizeHistogram]
    var outputs: [[SizeHistogram]]
  }

  private let sizes: Mutex<Sizes>

  /// - Parameter planes: Of each array.
  init(planes: [Int]) {
    sizes = Mutex(
      Sizes(
        inputs: planes.map { _ in SizeHistogram() },
        outputs: planes.map { [SizeHistogram](repeating: SizeHistogram(), count: $0) }))
  }

  func inputs(of block: Int) -> SizeHistogram { sizes.withLock { $0.inputs[block] } }

  func outputs(of block: Int) -> [SizeHistogram] { sizes.withLock { $0.outputs[block] } }

  /// What one array adds to.
  struct Block {
    let profile: RangeProfile
    let index: Int

    func add(inputs: Tensor) {
      let seen = Self.histogram(inputs)
      profile.sizes.withLock { $0.inputs[index].add(seen) }
    }

    func add(outputs: Tensor, plane: Int) {
      let seen = Self.histogram(outputs)
      profile.sizes.withLock { $0.outputs[index][plane].add(seen) }
    }

    private static func histogram(_ values: Tensor) -> SizeHistogram {
      var result = SizeHistogram()
      for row in 0..<values.shape[0] {
        result.add(values.pointer + row * values.rowStride, count: values.shape[1])
      }
      return result
    }
  }
}
