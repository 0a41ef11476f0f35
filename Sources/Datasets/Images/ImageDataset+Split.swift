import Runtime

extension ImageDataset {
  /// Holds `count` samples out: the same ones for the same seed, each class by its share.
  ///
  /// Both parts keep the order of the whole.
  ///
  /// - Throws: `KirchhoffError` where fewer than `count + 1` samples are there.
  public func holdingOut(
    _ count: Int, seed: UInt64, as split: String = "validation"
  ) throws -> (training: ImageDataset, heldOut: ImageDataset) {
    guard count >= 0, count < self.count else {
      throw KirchhoffError(
        .config, subject: "held-out samples of \(name)", found: "\(count)",
        expected: "0…\(self.count - 1): the \(self.split) set has \(self.count) samples")
    }
    let chosen = stratifiedChoice(of: count, seed: seed)
    return (
      selecting(indices(where: { !chosen[$0] })),
      selecting(indices(where: { chosen[$0] }), split: split)
    )
  }

  /// At most `limit` samples, each class by its share: the same ones for the same seed, in order.
  public func subset(limit: Int, seed: UInt64 = 0) -> ImageDataset {
    guard limit < count else { return self }
    let chosen = stratifiedChoice(of: max(limit, 0), seed: seed)
    return selecting(indices(where: { chosen[$0] }))
  }

  private func indices(where included: (Int) -> Bool) -> [Int] {
    (0..<count).filter(included)
  }

  /// Marks `total` samples; classes get their share by largest remainders, ties to lower labels.
  private func stratifiedChoice(of total: Int, seed: UInt64) -> [Bool] {
    var members = [[Int]](repeating: [], count: classCount)
    for (position, label) in labels.enumerated() { members[Int(label)].append(position) }
    var quota = members.map { $0.count * total / max(count, 1) }
    let byRemainder = members.indices.sorted {
      let (a, b) = (members[$0].count * total % count, members[$1].count * total % count)
      return a == b ? $0 < $1 : a > b
    }
    for label in byRemainder.prefix(total - quota.reduce(0, +)) { quota[label] += 1 }
    var chosen = [Bool](repeating: false, count: count)
    let stream = RandomStream(seed: seed, stream: StreamTag.split)
    for (label, positions) in members.enumerated() where quota[label] > 0 {
      let order = stream.derived(UInt64(label)).permutation(of: positions.count)
      for rank in 0..<quota[label] { chosen[positions[order[rank]]] = true }
    }
    return chosen
  }
}

/// Streams of this target: one number a purpose, so that draws for one never shift another's.
enum StreamTag {
  static let split: UInt64 = 0x6461_7461_0001
  static let order: UInt64 = 0x6461_7461_0002
  static let sample: UInt64 = 0x6461_7461_0003
  static let mixing: UInt64 = 0x6461_7461_0004
}
