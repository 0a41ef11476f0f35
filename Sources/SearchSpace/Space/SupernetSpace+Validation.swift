import Configuration
import Runtime

extension SupernetSpace {
  /// Checks every rule of the space.
  ///
  /// - Throws: `KirchhoffError` that names the key path, what was found and what was expected.
  public func validate() throws {
    do {
      try check()
    } catch let error as FieldError {
      throw error.error(subject: "search space \"\(name)\"")
    }
  }

  func check() throws {
    try ascending(resolutions, [.key("resolutions")], atLeast: 1, atMost: 1 << 14)
    try range(inputChannels, [.key("inputChannels")], 1...1 << 14)
    try range(classes, [.key("classes")], 1...1 << 24)
    try ascending(stem.widths, [.key("stem"), .key("widths")], atLeast: 1)
    try odd(stem.kernel, [.key("stem"), .key("kernel")])
    try range(stem.stride, [.key("stem"), .key("stride")], 1...16)
    guard !stages.isEmpty else {
      throw FieldError([.key("stages")], found: "no stage", expected: "at least one")
    }
    for (index, stage) in stages.enumerated() {
      let side = largestSide(ofStage: index)
      try check(stage, side: side, [.key("stages"), .index(index)])
    }
    if case .mixed(let expand, let widths, _) = head {
      try range(expand, [.key("head"), .key("expand")], 1...64)
      try ascending(widths, [.key("head"), .key("widths")], atLeast: 1)
    }
    try checkOnly()
  }

  private func check(_ stage: Stage, side: Int, _ path: [PathStep]) throws {
    try ascending(stage.widths, path + [.key("widths")], atLeast: 1)
    try ascending(stage.depths, path + [.key("depths")], atLeast: 1, atMost: 256)
    try range(stage.stride, path + [.key("stride")], 1...16)
    if let entry = stage.entry { try odd(entry.kernel, path + [.key("entry"), .key("kernel")]) }
    guard !stage.slots.isEmpty else {
      throw FieldError(
        path + [.key("slots")], found: "no slot", expected: "a list of block kinds for each slot")
    }
    for (slot, kinds) in stage.slots.enumerated() {
      let place = path + [.key("slots"), .index(slot)]
      guard !kinds.isEmpty, zip(kinds, kinds.dropFirst()).allSatisfy({ $0 < $1 }) else {
        throw FieldError(
          place, found: "[\(kinds.map(\.rawValue).joined(separator: ", "))]",
          expected: "different kinds in the order identity, mbconv, vit")
      }
      if !stage.isResidual(slot: slot), kinds != [.mbconv] {
        throw FieldError(
          place, found: "[\(kinds.map(\.rawValue).joined(separator: ", "))]",
          expected: "[mbconv]",
          hint: "only an mbconv can change width and side; or give the stage an entry convolution")
      }
    }
    if stage.offers(.mbconv) {
      guard let mbconv = stage.mbconv else {
        throw FieldError(path + [.key("mbconv")], found: "nothing", expected: "mbconv options")
      }
      try check(mbconv, in: stage, path + [.key("mbconv")])
    }
    if stage.offers(.vit) {
      guard let vit = stage.vit else {
        throw FieldError(path + [.key("vit")], found: "nothing", expected: "vit options")
      }
      try check(vit, side: side, in: stage, path + [.key("vit")])
    }
  }

  private func check(_ mbconv: MBConvOptions, in stage: Stage, _ path: [PathStep]) throws {
    try ascending(mbconv.kernels, path + [.key("kernels")], atLeast: 1, atMost: 31)
    for (index, kernel) in mbconv.kernels.enumerated() {
      try odd(kernel, path + [.key("kernels"), .index(index)])
    }
    try ascending(mbconv.expands, path + [.key("expands")], atLeast: 0.125, atMost: 64)
    let choices = mbconv.kernels.count * mbconv.expands.count
    try shared(mbconv.scope, choices, .mbconv, in: stage, path)
  }

  private func check(
    _ vit: VitOptions, side: Int, in stage: Stage, _ path: [PathStep]
  ) throws {
    try range(vit.headDim, path + [.key("headDim")], 1...1024)
    if vit.heads.isEmpty {
      for width in stage.widths where width % vit.headDim != 0 {
        throw FieldError(
          path + [.key("headDim")], found: "\(vit.headDim)",
          expected: "a divisor of the stage's widths, among them \(width)",
          hint: "or list the numbers of heads")
      }
    } else {
      try ascending(vit.heads, path + [.key("heads")], atLeast: 1, atMost: 1024)
    }
    try ascending(vit.mlp, path + [.key("mlp")], atLeast: 0.125, atMost: 64)
    try ascending(vit.value, path + [.key("value")], atLeast: 0.125, atMost: 64)
    for (index, value) in vit.value.enumerated()
    where (Double(vit.headDim) * value).rounded() != Double(vit.headDim) * value {
      throw FieldError(
        path + [.key("value"), .index(index)], found: value.short,
        expected: "a multiple of 1/\(vit.headDim), so that a head's values have whole channels")
    }
    if vit.value.count > 1, vit.value.last == 1, vit.valueKernel == 0 {
      // At 1 queries, keys and values are one matrix, of which no part is left out.
      throw FieldError(
        path + [.key("value"), .index(vit.value.count - 1)], found: "1",
        expected: "a largest ratio above 1, or 1 as the only one")
    }
    try range(vit.mlps, path + [.key("mlps")], 1...8)
    if vit.valueKernel != 0 { try odd(vit.valueKernel, path + [.key("valueKernel")]) }
    if vit.relativePosition, vit.positionSide != 0, vit.positionSide < side {
      throw FieldError(
        path + [.key("positionSide")], found: "\(vit.positionSide)",
        expected: "0 or at least \(side), the stage's side at the largest resolution")
    }
    let heads = max(1, vit.heads.count)
    let choices = heads * vit.mlp.count * vit.value.count
    try shared(vit.scope, choices, .vit, in: stage, path)
  }

  /// A choice by stage must show in every subnet, or two different choices would be one subnet.
  private func shared(
    _ scope: ChoiceScope, _ choices: Int, _ kind: BlockKind, in stage: Stage, _ path: [PathStep]
  ) throws {
    if scope == .stage, choices > 1, stage.kinds(ofSlot: 0) != [kind] {
      throw FieldError(
        path + [.key("scope")], found: "stage",
        expected: "block, because the stage's first slot is not always \(kind.rawValue)")
    }
  }

  /// Side of a stage's feature maps at the largest resolution.
  func largestSide(ofStage index: Int) -> Int {
    stages[...index].reduce(outputSide(resolutions.last ?? 1, stride: stem.stride)) {
      outputSide($0, stride: $1.stride)
    }
  }
}

/// Side of the output of a layer with half padding and an odd kernel.
func outputSide(_ side: Int, stride: Int) -> Int {
  (side - 1) / stride + 1
}

private func range(_ value: Int, _ path: [PathStep], _ allowed: ClosedRange<Int>) throws {
  guard allowed.contains(value) else {
    throw FieldError(
      path, found: "\(value)", expected: "\(allowed.lowerBound) to \(allowed.upperBound)")
  }
}

private func odd(_ value: Int, _ path: [PathStep]) throws {
  guard value > 0, value % 2 == 1, value <= 31 else {
    throw FieldError(path, found: "\(value)", expected: "an odd number from 1 to 31")
  }
}

private func ascending(
  _ values: [Int], _ path: [PathStep], atLeast low: Int, atMost high: Int = 1 << 20
) throws {
  try ascending(values.map(Double.init), path, atLeast: Double(low), atMost: Double(high))
}

private func ascending(
  _ values: [Double], _ path: [PathStep], atLeast low: Double, atMost high: Double
) throws {
  let rising = zip(values, values.dropFirst()).allSatisfy { $0 < $1 }
  let fits = values.allSatisfy { $0 >= low && $0 <= high }
  guard !values.isEmpty, rising, fits else {
    throw FieldError(
      path, found: "[\(values.map(\.short).joined(separator: ", "))]",
      expected: "ascending values from \(low.short) to \(high.short)")
  }
}
