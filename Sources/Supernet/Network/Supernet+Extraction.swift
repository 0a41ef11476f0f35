import Autodiff
import SearchSpace
import Tensor

extension Supernet {
  /// A subnet as a network of its own: a supernet of the space that has this one member, each weight
  /// a copy of the subnet's window.
  ///
  /// - Throws: `KirchhoffError` when the subnet is not of the space.
  public func extracted(_ subnet: Subnet) throws -> Supernet {
    let plan = try space.plan(for: subnet)
    let network = Supernet(space: try space.only(subnet), inputBits: inputBits, seed: 0)
    let cutter = WindowCutter(source: store, target: network.store, plan: plan)
    for entry in network.store.entries { cutter.cut(entry) }
    return network
  }

  /// The batch-norm statistics of an extracted network, cut out of those that its subnet has here.
  public func extracted(_ norms: NormStatistics, for network: Supernet) -> NormStatistics {
    let slots = Dictionary(uniqueKeysWithValues: batchNorms.map { ($0.name, $0.slot) })
    var means: [Float] = []
    var variances: [Float] = []
    for (name, slot) in network.batchNorms {
      guard let source = slots[name] else { preconditionFailure("no batch norm \(name)") }
      let window = source.offset..<source.offset + slot.channels
      means += norms.means[window]
      variances += norms.variances[window]
    }
    return NormStatistics(means: means, variances: variances)
  }

  /// The batch norms by name, in the order of their statistics.
  ///
  /// They are the norms behind convolutions: those of transformer blocks and of a pooled head are
  /// layer norms, which keep no statistics.
  var batchNorms: [(name: String, slot: NormSlot)] {
    var norms: [(name: String, slot: NormSlot)] = []
    var offset = 0
    let groups = [ParameterGroup.stem, .mbconv].map(\.rawValue)
    for entry in store.entries where entry.name.hasSuffix(".gamma") {
      guard groups.contains(entry.group) || entry.name.hasPrefix("head.expand.") else { continue }
      let channels = entry.parameter.shape.count
      norms.append(
        (String(entry.name.dropLast(6)), NormSlot(offset: offset, channels: channels)))
      offset += channels
    }
    precondition(offset == normChannels, "\(offset) of \(normChannels) batch-norm channels named")
    return norms
  }
}

/// Copies a subnet's windows from the weights of a supernet to those of a network of its own.
private struct WindowCutter {
  let source: ParameterStore
  let target: ParameterStore
  /// The row of each transformer block in its tables of switchable scaling.
  private let scalingRows: [String: Int]

  init(source: ParameterStore, target: ParameterStore, plan: NetworkPlan) {
    self.source = source
    self.target = target
    var rows: [String: Int] = [:]
    for block in plan.blocks {
      if case .vit(let vit) = block.operation, let scaling = vit.scaling {
        rows["stage\(block.stage).slot\(block.slot).vit"] =
          scaling.depthIndex * scaling.widthRows + scaling.widthIndex
      }
    }
    scalingRows = rows
  }

  func cut(_ entry: ParameterStore.Entry) {
    let values = target.values + entry.parameter.offset
    let shape = entry.parameter.shape.array
    if let stored = source.entry(named: entry.name) {
      copy(stored.parameter, origin: origin(entry.name, shape, stored.parameter), to: values, shape)
    } else {
      cutFused(entry.name, values, shape)
    }
  }

  /// Where the window begins: at zero, but at the centre of a kernel, and at a table's row.
  private func origin(_ name: String, _ shape: [Int], _ stored: Parameter) -> [Int] {
    var origin = [Int](repeating: 0, count: shape.count)
    if name.hasSuffix("depthwise.weight") {
      for axis in 0..<2 { origin[axis] = (stored.shape[axis] - shape[axis]) / 2 }
    } else if name.hasSuffix("_scaling") {
      let block = name.split(separator: ".").dropLast().joined(separator: ".")
      origin[0] = scalingRows[block] ?? 0
    }
    return origin
  }

  /// An attention whose values are no wider than its keys keeps all three in one matrix, where the
  /// supernet, whose values may be wider, keeps them apart.
  private func cutFused(_ name: String, _ values: UnsafeMutablePointer<Float>, _ shape: [Int]) {
    // Queries, keys and values see the same inputs: the range of the first stands for all.
    if name.hasSuffix(Supernet.rangeSuffix) {
      let queries = name.replacing("attention.qkv.", with: "attention.qk.")
      if let stored = source.entry(named: queries) {
        values[0] = source.values[stored.parameter.offset]
      }
      return
    }
    let parts = [("qk", 2), ("v", 1)]
    let block = shape.dropFirst().reduce(1, *)
    var values = values
    for (part, count) in parts {
      let name = name.replacing("attention.qkv.", with: "attention.\(part).")
      guard let stored = source.entry(named: name)?.parameter else {
        preconditionFailure("no weights \(name) in the supernet")
      }
      let window = count == 1 ? Array(shape.dropFirst()) : [count] + shape.dropFirst()
      copy(stored, origin: window.map { _ in 0 }, to: values, window)
      values += count * block
    }
  }

  /// Copies the window of `shape` that begins at `origin`, row by row.
  private func copy(
    _ stored: Parameter, origin: [Int], to values: UnsafeMutablePointer<Float>, _ shape: [Int]
  ) {
    let whole = stored.shape.array
    precondition(
      whole.count == shape.count
        && whole.indices.allSatisfy { origin[$0] + shape[$0] <= whole[$0] },
      "window \(shape) at \(origin) of a parameter \(whole)")
    let last = shape.count - 1
    let begin = source.values + stored.offset + origin[last]
    for row in 0..<shape.dropLast().reduce(1, *) {
      var rest = row
      var place = 0
      var stride = whole[last]
      for axis in (0..<last).reversed() {
        place += (origin[axis] + rest % shape[axis]) * stride
        rest /= shape[axis]
        stride *= whole[axis]
      }
      (values + row * shape[last]).update(from: begin + place, count: shape[last])
    }
  }
}
