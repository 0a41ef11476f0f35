/// Random numbers as a function of (seed, stream, index): element `i` never depends on how many
/// were drawn before it, on threads or on batch splits.
///
/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): the key
/// is the seed, the counter is a block number and the stream. Blocks are interleaved sixteen wide
/// (see `random.h` of the kernels), so that vector units write whole streams without a shuffle;
/// single elements and filled ranges are the same numbers.
public struct RandomStream: Sendable, Codable, Hashable {
  /// The seed of the experiment.
  public let seed: UInt64
  /// Which of the seed's independent streams this is.
  public let stream: UInt64

  /// Stream `stream` of `seed`.
  public init(seed: UInt64, stream: UInt64 = 0) {
    self.seed = seed
    self.stream = stream
  }

  /// An independent stream of the same seed for a purpose named by numbers (step, layer, draw…).
  public func derived(_ tags: UInt64...) -> RandomStream {
    RandomStream(
      seed: seed, stream: tags.reduce(stream) { mix($0 &+ mix($1 &+ 0x9e37_79b9_7f4a_7c15)) })
  }

  /// An independent stream of the same seed for a named purpose.
  public func derived(_ name: String) -> RandomStream {
    derived(name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
  }

  /// 32 random bits.
  public func bits(at index: UInt64) -> UInt32 {
    philox(counter: 16 * (index / 64) + index % 16)[Int(index % 64 / 16)]
  }

  /// Uniform in [0, 1), 24 bits.
  public func uniform(at index: UInt64) -> Float {
    Float(bits(at: index) >> 8) * 0x1p-24
  }

  /// Uniform among `0..<n`, 0 < n ≤ 2³².
  ///
  /// The bias is below n / 2³².
  public func integer(at index: UInt64, below n: Int) -> Int {
    precondition(n > 0 && n <= 1 << 32, "integer(below: \(n))")
    return Int((UInt64(bits(at: index)) * UInt64(n)) >> 32)
  }

  /// A uniformly drawn order of `0..<n` (Fisher–Yates), a function of the stream alone.
  public func permutation(of n: Int) -> [Int] {
    var order = Array(0..<n)
    for i in stride(from: n - 1, to: 0, by: -1) {
      order.swapAt(i, integer(at: UInt64(i), below: i + 1))
    }
    return order
  }

  private func philox(counter: UInt64) -> SIMD4<UInt32> {
    var c = SIMD4<UInt32>(
      UInt32(truncatingIfNeeded: counter), UInt32(counter >> 32),
      UInt32(truncatingIfNeeded: stream), UInt32(stream >> 32))
    var k0 = UInt32(truncatingIfNeeded: seed)
    var k1 = UInt32(seed >> 32)
    for _ in 0..<10 {
      let p0 = UInt64(c[0]) * 0xd251_1f53
      let p1 = UInt64(c[2]) * 0xcd9e_8d57
      c = SIMD4(
        UInt32(p1 >> 32) ^ c[1] ^ k0, UInt32(truncatingIfNeeded: p1),
        UInt32(p0 >> 32) ^ c[3] ^ k1, UInt32(truncatingIfNeeded: p0))
      k0 &+= 0x9e37_79b9
      k1 &+= 0xbb67_ae85
    }
    return c
  }
}

/// The finaliser of SplitMix64 (Steele et al., OOPSLA 2014): spreads near tags over all streams.
private func mix(_ value: UInt64) -> UInt64 {
  var z = value
  z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
  z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
  return z ^ (z >> 31)
}
