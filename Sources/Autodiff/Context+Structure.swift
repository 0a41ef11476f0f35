import CKernels
import Runtime
import Tensor

// Shapes, slices, lookups.
extension Context {
  /// The same floats under another shape.
  ///
  /// A deferred transform stays deferred while the channels stay the same: a feature map becomes
  /// tokens for nothing.
  public func reshape(_ x: Variable, to shape: Shape) -> Variable {
    let x = shape.channels == x.shape.channels ? x : materialized(x)
    let raw = x.raw.reshaped(shape)
    guard let tape, x.needsGradient else {
      return Variable(raw: raw, transform: x.transform, node: -1)
    }
    let old = x.shape
    let node = tape.record { slot in
      if case .plain(let g, let sums) = slot {
        tape.deposit(g.reshaped(old), sums: sums, to: x.node)
      } else if let g = slot.materialized() {
        tape.deposit(g.reshaped(old), to: x.node)
      }
    }
    return Variable(raw: raw, transform: x.transform, node: node)
  }

  /// A window of channels.
  public func slice(_ x: Variable, channels: Range<Int>) -> Variable {
    let x = materialized(x)
    let raw = x.raw.channels(channels)
    guard let tape, x.needsGradient else { return Variable(raw: raw, node: -1) }
    let node = tape.record { slot in
      let g = slot.materialized()!
      let dx = Tensor(shape: x.shape)
      kk_copy_rows(
        dx.pointer + channels.lowerBound, g.pointer, g.shape.rows, channels.count, dx.rowStride,
        g.rowStride)
      tape.deposit(dx, to: x.node)
    }
    return Variable(raw: raw, node: node)
  }

  /// A range of the first dimension.
  public func slice(_ x: Variable, samples: Range<Int>) -> Variable {
    let x = materialized(x)
    let raw = x.raw.prefix(samples)
    guard let tape, x.needsGradient else { return Variable(raw: raw, node: -1) }
    let node = tape.record { slot in
      let g = slot.materialized()!
      let dx = Tensor(shape: x.shape)
      let rowsEach = x.shape.rows / max(x.shape[0], 1)
      kk_copy_rows(
        dx.pointer + samples.lowerBound * rowsEach * dx.rowStride, g.pointer, g.shape.rows,
        g.shape.channels, dx.rowStride, g.rowStride)
      tape.deposit(dx, to: x.node)
    }
    return Variable(raw: raw, node: node)
  }

  /// Tensors of equal rows side by side along the channels.
  public func concatenate(_ parts: [Variable]) -> Variable {
    precondition(!parts.isEmpty, "concatenation of nothing")
    let parts = parts.map { materialized($0) }
    let widths = parts.map(\.shape.channels)
    let shape = parts[0].shape.with(channels: widths.reduce(0, +))
    let y = Tensor(uninitialized: shape)
    var start = 0
    var starts: [Int] = []
    for part in parts {
      precondition(
        part.shape.rows == shape.rows,
        "concatenation of \(parts[0].shape) and \(part.shape) along the channels")
      kk_copy_rows(
        y.pointer + start, part.raw.pointer, shape.rows, part.shape.channels, y.rowStride,
        part.raw.rowStride)
      starts.append(start)
      start += part.shape.channels
    }
    guard let tape, parts.contains(where: \.needsGradient) else {
      return Variable(raw: y, node: -1)
    }
    let node = tape.record { slot in
      let g = slot.materialized()!
      for (part, start) in zip(parts, starts) where part.needsGradient {
        tape.deposit(g.channels(start..<start + part.shape.channels), to: part.node)
      }
    }
    return Variable(raw: y, node: node)
  }

  /// Rows of a table `[entries, width]`, one for each index.
  ///
  /// - Returns: `[indices.count, width]`.
  public func embedding(_ indices: [Int32], table: WeightWindow) -> Variable {
    precondition(
      indices.allSatisfy { $0 >= 0 && $0 < table.outputs },
      "embedding index outside 0..<\(table.outputs)")
    let y = Tensor(uninitialized: [indices.count, table.inputs])
    kk_gather_rows(
      y.pointer, store.values + table.offset, indices, indices.count, table.inputs, y.rowStride,
      table.stride)
    guard let tape, let target = gradientTarget(table.parameter) else {
      return Variable(raw: y, node: -1)
    }
    let node = tape.record { slot in
      let g = slot.materialized()!
      kk_scatter_add_rows(
        target + table.offset, g.pointer, indices, indices.count, table.inputs, table.stride,
        g.rowStride)
    }
    return Variable(raw: y, node: node)
  }
}
