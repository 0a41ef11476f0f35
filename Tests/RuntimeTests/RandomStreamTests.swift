import CKernels
import Foundation
import Runtime
import Testing

/// One block of the kernels' generator, which is the one that vectors of numbers come from.
func philox(counter: [UInt32], key: [UInt32]) -> [UInt32] {
  var out = [UInt32](repeating: 0, count: 4)
  kk_philox4x32(&out, counter, key)
  return out
}

struct RandomStreamTests {
  /// The published known answers of Philox4x32-10 (Random123, `kat_vectors`).
  @Test(
    arguments: [
      (
        [0, 0, 0, 0], [0, 0],
        [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
      ),
      (
        [.max, .max, .max, .max], [.max, .max],
        [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
      ),
      (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
      ),
    ] as [([UInt32], [UInt32], [UInt32])])
  func knownAnswers(counter: [UInt32], key: [UInt32], expected: [UInt32]) {
    #expect(philox(counter: counter, key: key) == expected)
  }

  @Test(
    arguments: [
      (0, 0), (.max, .max), (0x299f_31d0_a409_3822, 0x0370_7344_1319_8a2e),
    ] as [(UInt64, UInt64)])
  func elementsAreWordsOfTheBlocks(seed: UInt64, stream: UInt64) {
    let random = RandomStream(seed: seed, stream: stream)
    for index: UInt64 in [0, 1, 15, 16, 63, 64, 1000, 1 << 33, .max - 5] {
      let block = 16 * (index / 64) + index % 16
      let words = philox(
        counter: [
          UInt32(truncatingIfNeeded: block), UInt32(block >> 32),
          UInt32(truncatingIfNeeded: stream), UInt32(stream >> 32),
        ], key: [UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32)])
      #expect(random.bits(at: index) == words[Int(index % 64 / 16)])
    }
  }

  @Test func singleElementsEqualFilledRanges() {
    let random = RandomStream(seed: 11, stream: 5).derived(3)
    let begin: UInt64 = 37
    var bits = [UInt32](repeating: 0, count: 1000)
    kk_random_bits(&bits, random.seed, random.stream, begin, bits.count)
    var uniform = [Float](repeating: 0, count: 1000)
    kk_random_uniform(&uniform, 0, 1, random.seed, random.stream, begin, uniform.count)
    var integers = [UInt32](repeating: 0, count: 1000)
    kk_random_integers(&integers, 77, random.seed, random.stream, begin, integers.count)
    for i in 0..<1000 {
      let index = begin + UInt64(i)
      #expect(bits[i] == random.bits(at: index))
      #expect(uniform[i] == random.uniform(at: index))
      #expect(Int(integers[i]) == random.integer(at: index, below: 77))
    }
  }

  @Test func uniformNumbersAreUniform() {
    let random = RandomStream(seed: 2024)
    let n = 1 << 17
    var bins = [Int](repeating: 0, count: 64)
    var sum = 0.0
    var squares = 0.0
    var neighbours = 0.0
    var last = 0.5
    for i in 0..<n {
      let u = Double(random.uniform(at: UInt64(i)))
      #expect(u >= 0 && u < 1)
      bins[Int(u * 64)] += 1
      sum += u
      squares += u * u
      neighbours += (u - 0.5) * (last - 0.5)
      last = u
    }
    let mean = sum / Double(n)
    let variance = squares / Double(n) - mean * mean
    // Five standard errors each: one false alarm in 1.7 million seeds, and the seed is fixed.
    #expect(abs(mean - 0.5) < 5 * (1 / 12.0 / Double(n)).squareRoot())
    #expect(abs(variance - 1 / 12.0) < 5 * (1 / 180.0 / Double(n)).squareRoot())
    #expect(abs(neighbours / Double(n)) < 5 / 12.0 / Double(n).squareRoot())
    #expect(chiSquared(bins) < 63 + 5 * (2 * 63.0).squareRoot())
  }

  @Test(arguments: [1, 2, 7, 10, 1000])
  func integersFillTheirRangeEvenly(bound: Int) {
    let random = RandomStream(seed: 7, stream: UInt64(bound))
    var bins = [Int](repeating: 0, count: bound)
    for i in 0..<100 * bound { bins[random.integer(at: UInt64(i), below: bound)] += 1 }
    let freedom = Double(bound - 1)
    #expect(chiSquared(bins) <= freedom + 5 * (2 * freedom).squareRoot())
  }

  @Test(arguments: [0, 1, 2, 17, 1000])
  func permutationsHoldEveryNumberOnce(n: Int) {
    let order = RandomStream(seed: 3).permutation(of: n)
    #expect(order.sorted() == Array(0..<n))
    #expect(RandomStream(seed: 3).permutation(of: n) == order)
    if n > 2 { #expect(RandomStream(seed: 4).permutation(of: n) != order) }
  }

  @Test func permutationsAreEquallyLikely() {
    var counts: [[Int]: Int] = [:]
    for stream in 0..<6000 {
      counts[RandomStream(seed: 1, stream: UInt64(stream)).permutation(of: 3), default: 0] += 1
    }
    #expect(counts.count == 6)
    #expect(chiSquared(Array(counts.values)) < 5 + 5 * (2 * 5.0).squareRoot())
  }

  @Test func derivedStreamsDiffer() {
    let parent = RandomStream(seed: 9)
    var streams: Set<UInt64> = [parent.stream]
    var expected = 1
    for i in 0..<100 as Range<UInt64> {
      for stream in [
        parent.derived(i), parent.derived(i, 0), parent.derived(0, i + 1), parent.derived("\(i)"),
      ] {
        #expect(stream.seed == parent.seed)
        streams.insert(stream.stream)
        expected += 1
      }
    }
    #expect(streams.count == expected)
    #expect(parent.derived(1, 2) != parent.derived(2, 1))
    #expect(parent.derived(1, 2) == parent.derived(1).derived(2))
    #expect(parent.derived("dropout") == parent.derived("dropout"))
  }

  @Test func derivedStreamsAreIndependentOfTheirParentAndEachOther() {
    let parent = RandomStream(seed: 9, stream: 4)
    let family = [parent] + (0..<8).map { parent.derived($0) } + [parent.derived("noise")]
    let n = 1 << 14
    let values = family.map { stream in (0..<n).map { Double(stream.uniform(at: UInt64($0))) - 0.5 }
    }
    for (i, first) in values.enumerated() {
      for second in values[..<i] {
        let correlation = 12 * zip(first, second).reduce(0) { $0 + $1.0 * $1.1 } / Double(n)
        // 45 pairs at five standard errors: one false alarm in 39,000 seeds, and the seed is fixed.
        #expect(abs(correlation) < 5 / Double(n).squareRoot())
      }
    }
  }

  @Test func aStreamSurvivesCoding() throws {
    let stream = RandomStream(seed: .max, stream: 12).derived(5)
    let decoded = try JSONDecoder().decode(
      RandomStream.self, from: JSONEncoder().encode(stream))
    #expect(decoded == stream)
  }
}

/// Pearson's statistic against equal expectations; its mean is the bins minus one.
func chiSquared(_ bins: [Int]) -> Double {
  let expected = Double(bins.reduce(0, +)) / Double(bins.count)
  return bins.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
}
