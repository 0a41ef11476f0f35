import BigInt
import Runtime

/// Subnets are numbered 0 to size − 1 in a mixed radix: resolution, stem, stages and head are digits,
/// and a stage counts its depths one after another, each with one digit a slot.
extension SupernetSpace {
  /// The exact number of subnets.
  public var size: BigUInt {
    if only != nil { return 1 }
    return stages.reduce(BigUInt(outerChoices)) { $0 * choices(of: $1) }
  }

  private var outerChoices: Int {
    (countsResolution ? resolutions.count : 1) * stem.widths.count * max(1, head.widths.count)
  }

  /// The subnet of a number below ``size``, in a fixed order: all of them in turn enumerate a tiny
  /// space.
  ///
  /// Where the resolution is not counted, it is the largest one.
  public func subnet(at number: BigUInt) -> Subnet {
    precondition(number < size, "subnet \(number) of a space of \(size)")
    if let only { return only }
    var rest = number
    func digit(_ radix: Int) -> Int {
      let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: BigUInt(radix))
      rest = quotient
      return Int(remainder)
    }
    let resolution =
      countsResolution ? resolutions[digit(resolutions.count)] : resolutions[resolutions.count - 1]
    var subnet = Subnet(
      resolution: resolution, stem: stem.widths[digit(stem.widths.count)], stages: [])
    subnet.head = head.widths.isEmpty ? nil : head.widths[digit(head.widths.count)]
    for stage in stages {
      let width = stage.widths[digit(stage.widths.count)]
      let shared = sharedChoices(of: stage)
      let sharedChoice = shared[digit(shared.count)]
      let depths = depthChoices(of: stage)
      let total = depths.reduce(0, +)
      var (quotient, within) = rest.quotientAndRemainder(dividingBy: total)
      swap(&rest, &quotient)
      var depthIndex = 0
      while within >= depths[depthIndex] {
        within -= depths[depthIndex]
        depthIndex += 1
      }
      let blocks = (0..<stage.depths[depthIndex]).map { slot in
        let options = blockChoices(of: stage, slot: slot, shared: sharedChoice)
        let (quotient, remainder) = within.quotientAndRemainder(
          dividingBy: BigUInt(options.count))
        within = quotient
        return options[Int(remainder)]
      }
      subnet.stages.append(StageChoice(width: width, blocks: blocks))
    }
    return subnet
  }

  /// The number of a subnet; the inverse of ``subnet(at:)``.
  ///
  /// - Throws: `KirchhoffError` when the subnet is not of the space.
  public func number(of subnet: Subnet) throws -> BigUInt {
    try check(subnet)
    if only != nil { return 0 }
    var number = BigUInt(0)
    for (stage, choice) in zip(stages, subnet.stages).reversed() {
      let shared = sharedChoices(of: stage)
      let sharedIndex =
        shared.firstIndex { mbconv, vit in
          choice.blocks.allSatisfy {
            ($0.kind != .mbconv || mbconv == nil || $0 == mbconv)
              && ($0.kind != .vit || vit == nil || $0 == vit)
          }
        } ?? 0
      var within = BigUInt(0)
      for (slot, block) in choice.blocks.enumerated().reversed() {
        let options = blockChoices(of: stage, slot: slot, shared: shared[sharedIndex])
        within = within * BigUInt(options.count) + BigUInt(options.firstIndex(of: block) ?? 0)
      }
      let depths = depthChoices(of: stage)
      let depthIndex = stage.depths.firstIndex(of: choice.blocks.count) ?? 0
      within += depths[..<depthIndex].reduce(0, +)
      number = number * depths.reduce(0, +) + within
      number = number * BigUInt(shared.count) + BigUInt(sharedIndex)
      number =
        number * BigUInt(stage.widths.count)
        + BigUInt(stage.widths.firstIndex(of: choice.width) ?? 0)
    }
    if !head.widths.isEmpty {
      number =
        number * BigUInt(head.widths.count)
        + BigUInt(head.widths.firstIndex { $0 == subnet.head } ?? 0)
    }
    number =
      number * BigUInt(stem.widths.count)
      + BigUInt(stem.widths.firstIndex(of: subnet.stem) ?? 0)
    if countsResolution {
      number =
        number * BigUInt(resolutions.count)
        + BigUInt(resolutions.firstIndex(of: subnet.resolution) ?? 0)
    }
    return number
  }

  /// A subnet drawn uniformly among all of them.
  public func uniformSubnet(_ stream: RandomStream) -> Subnet {
    let size = size
    let bits = size.bitWidth
    var index: UInt64 = 0
    while true {
      var number = BigUInt(0)
      for _ in 0..<(bits + 31) / 32 {
        number = number << 32 + BigUInt(stream.bits(at: index))
        index += 1
      }
      number &= (BigUInt(1) << bits) - 1
      if number < size { return subnet(at: number) }
    }
  }

  private typealias Shared = (mbconv: BlockChoice?, vit: BlockChoice?)

  private func choices(of stage: Stage) -> BigUInt {
    BigUInt(stage.widths.count * sharedChoices(of: stage).count)
      * depthChoices(of: stage).reduce(0, +)
  }

  /// How many ways there are to fill the slots, for each depth.
  private func depthChoices(of stage: Stage) -> [BigUInt] {
    let shared = sharedChoices(of: stage)[0]
    var counts: [BigUInt] = []
    var count = BigUInt(1)
    for slot in 0..<stage.maxDepth {
      count *= BigUInt(blockChoices(of: stage, slot: slot, shared: shared).count)
      if stage.depths.contains(slot + 1) { counts.append(count) }
    }
    return counts
  }

  /// The choices that all blocks of a stage share: one empty one where each block has its own.
  private func sharedChoices(of stage: Stage) -> [Shared] {
    var shared: [Shared] = [(nil, nil)]
    if stage.offers(.mbconv), let options = stage.mbconv, options.scope == .stage {
      shared = shared.flatMap { base in options.all.map { ($0, base.vit) } }
    }
    if stage.offers(.vit), let options = stage.vit, options.scope == .stage {
      shared = shared.flatMap { base in options.all.map { (base.mbconv, $0) } }
    }
    return shared
  }

  private func blockChoices(of stage: Stage, slot: Int, shared: Shared) -> [BlockChoice] {
    stage.kinds(ofSlot: slot).flatMap { kind -> [BlockChoice] in
      switch kind {
      case .identity: [.identity]
      case .mbconv: shared.mbconv.map { [$0] } ?? stage.mbconv?.all ?? []
      case .vit: shared.vit.map { [$0] } ?? stage.vit?.all ?? []
      }
    }
  }
}

extension MBConvOptions {
  /// Every choice of a block.
  var all: [BlockChoice] {
    kernels.flatMap { kernel in expands.map { .mbconv(kernel: kernel, expand: $0) } }
  }
}

extension VitOptions {
  /// Every choice of a block.
  var all: [BlockChoice] {
    let options: [Int?] = heads.isEmpty ? [nil] : heads
    return options.flatMap { heads in
      mlp.flatMap { mlp in value.map { .vit(heads: heads, mlp: mlp, value: $0) } }
    }
  }
}
