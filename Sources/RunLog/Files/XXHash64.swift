/// The 64-bit xxHash of a stream of bytes (Yann Collet's specification, XXH64).
///
/// Not cryptographic: it guards against damage, not against an adversary. It runs at memory speed,
/// so that checking a checkpoint costs no more than reading it.
package struct XXHash64 {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  private var lanes: (UInt64, UInt64, UInt64, UInt64)
  private var pending: [UInt8] = []
  private var length: UInt64 = 0
  private let seed: UInt64

  package init(seed: UInt64 = 0) {
    self.seed = seed
    lanes = (seed &+ Self.prime1 &+ Self.prime2, seed &+ Self.prime2, seed, seed &- Self.prime1)
  }

  /// The hash of `bytes` in one go.
  package static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
    var state = XXHash64(seed: seed)
    state.update(bytes)
    return state.digest
  }

  /// Takes the next bytes of the stream.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    length &+= UInt64(bytes.count)
    var offset = 0
    if !pending.isEmpty {
      offset = min(32 - pending.count, bytes.count)
      pending.append(contentsOf: bytes[..<offset])
      if pending.count < 32 { return }
      let full = pending
      pending.removeAll(keepingCapacity: true)
      full.withUnsafeBytes { consume($0, from: 0, stripes: 1) }
    }
    let stripes = (bytes.count - offset) / 32
    consume(bytes, from: offset, stripes: stripes)
    pending.append(contentsOf: bytes[(offset + stripes * 32)...])
  }

  private mutating func consume(_ bytes: UnsafeRawBufferPointer, from start: Int, stripes: Int) {
    guard stripes > 0, let base = bytes.baseAddress else { return }
    precondition(start + stripes * 32 <= bytes.count)
    var (a, b, c, d) = lanes
    // Checked once above: a check of each word would halve the speed.
    var next = base + start
    for _ in 0..<stripes {
      a = Self.round(a, UInt64(littleEndian: next.loadUnaligned(as: UInt64.self)))
      b = Self.round(b, UInt64(littleEndian: (next + 8).loadUnaligned(as: UInt64.self)))
      c = Self.round(c, UInt64(littleEndian: (next + 16).loadUnaligned(as: UInt64.self)))
      d = Self.round(d, UInt64(littleEndian: (next + 24).loadUnaligned(as: UInt64.self)))
      next += 32
    }
    lanes = (a, b, c, d)
  }

  /// The hash of everything so far.
  package var digest: UInt64 {
    var hash: UInt64
    if length >= 32 {
      let (a, b, c, d) = lanes
      hash = a.rotated(1) &+ b.rotated(7) &+ c.rotated(12) &+ d.rotated(18)
      for lane in [a, b, c, d] {
        hash = (hash ^ Self.round(0, lane)) &* Self.prime1 &+ Self.prime4
      }
    } else {
      hash = seed &+ Self.prime5
    }
    hash &+= length
    pending.withUnsafeBytes { tail in
      var offset = 0
      while offset + 8 <= tail.count {
        hash = (hash ^ Self.round(0, Self.word(tail, offset))).rotated(27) &* Self.prime1
        hash &+= Self.prime4
        offset += 8
      }
      if offset + 4 <= tail.count {
        let word = UInt32(littleEndian: tail.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        hash = (hash ^ (UInt64(word) &* Self.prime1)).rotated(23) &* Self.prime2 &+ Self.prime3
        offset += 4
      }
      while offset < tail.count {
        hash = (hash ^ (UInt64(tail[offset]) &* Self.prime5)).rotated(11) &* Self.prime1
        offset += 1
      }
    }
    hash = (hash ^ (hash >> 33)) &* Self.prime2
    hash = (hash ^ (hash >> 29)) &* Self.prime3
    return hash ^ (hash >> 32)
  }

  @inline(__always)
  private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  @inline(__always)
  private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    (lane &+ word &* prime2).rotated(31) &* prime1
  }
}

extension UInt64 {
  @inline(__always)
  fileprivate func rotated(_ count: UInt64) -> UInt64 { (self << count) | (self >> (64 - count)) }

  /// Sixteen lower-case hexadecimal digits.
  package var hexadecimal: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
