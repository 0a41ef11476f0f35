import Autodiff
import CKernels
import NN
import Runtime
import SearchSpace
import Tensor

extension Supernet {
  /// A second network of the same space with the same weights.
  public func copy() -> Supernet {
    let other = Supernet(space: space, inputBits: inputBits, seed: 0)
    other.store.restore(store.snapshot())
    return other
  }

  /// Sets the residual scale of all transformer blocks: the tables of switchable scaling where the
  /// space has them, else the output layers of both branches are multiplied by it.
  ///
  /// At 0 every transformer block is the identity.
  public func setTransformerScale(_ scale: Float) {
    for entry in store.entries where entry.group == ParameterGroup.vit.rawValue {
      let values = store.values + entry.parameter.offset
      let count = entry.parameter.shape.count
      let isTable = entry.name.hasSuffix("_scaling")
      if isTable {
        kk_fill(values, count, scale)
      } else if !hasScalingTables, isBranchOutput(entry.name) {
        kk_scale(values, values, count, scale)
      }
    }
  }

  private var hasScalingTables: Bool {
    store.entries.contains { $0.name.hasSuffix("_scaling") }
  }

  private func isBranchOutput(_ name: String) -> Bool {
    name.contains("attention.output.") || name.contains(".down.")
  }

  /// Sorts the middle channels of every MBConv by the L1 norm of the projection's input weights,
  /// the most important first, so that smaller expansions keep the best (Cai et al., Once-for-all,
  /// ICLR 2020).
  ///
  /// All weights of a block are permuted alike: the largest network is unchanged.
  public func sortChannels() {
    for entry in store.entries where entry.name.hasSuffix("mbconv.project.weight") {
      sortChannels(block: String(entry.name.dropLast("project.weight".count)), entry.parameter)
    }
  }

  private func sortChannels(block: String, _ project: Parameter) {
    let (outputs, middle) = (project.shape[0], project.shape[1])
    guard store.entry(named: block + "expand.weight") != nil else { return }
    var importance = [Float](repeating: 0, count: middle)
    let weights = store.values + project.offset
    for output in 0..<outputs {
      for channel in 0..<middle { importance[channel] += abs(weights[output * middle + channel]) }
    }
    let order = (0..<middle).sorted {
      importance[$0] == importance[$1] ? $0 < $1 : importance[$0] > importance[$1]
    }
    for name in [
      "expand.weight", "squeeze_excite.expand.weight", "expand_norm.gamma", "expand_norm.beta",
      "depthwise_norm.gamma", "depthwise_norm.beta", "squeeze_excite.expand.bias",
    ] {
      if let entry = store.entry(named: block + name) { permuteRows(entry.parameter, order) }
    }
    for name in ["depthwise.weight", "project.weight", "squeeze_excite.reduce.weight"] {
      if let entry = store.entry(named: block + name) { permuteColumns(entry.parameter, order) }
    }
  }

  /// Row i of the result is row `order[i]`.
  private func permuteRows(_ parameter: Parameter, _ order: [Int]) {
    let old = store.value(parameter)
    let width = parameter.shape.count / order.count
    let target = store.values + parameter.offset
    for (row, source) in order.enumerated() {
      (target + row * width).update(from: old.pointer + source * width, count: width)
    }
  }

  /// Column i of the result (the last dimension) is column `order[i]`.
  private func permuteColumns(_ parameter: Parameter, _ order: [Int]) {
    let old = store.value(parameter)
    let width = parameter.shape.channels
    let target = store.values + parameter.offset
    for row in 0..<parameter.shape.rows {
      for (column, source) in order.enumerated() {
        target[row * width + column] = old.pointer[row * width + source]
      }
    }
  }
}
