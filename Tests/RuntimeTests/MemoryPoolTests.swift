import Foundation
import Runtime
import Testing

@Suite(.serialized) struct MemoryPoolTests {
  @Test(arguments: [0, 1, 15, 16, 17, 1000, 8192, 8193, 100_000, 3_000_000])
  func blocksAreAlignedAndWritable(floats: Int) {
    let block = PooledMemory(count: floats)
    #expect(Int(bitPattern: block.floats) % 64 == 0)
    #expect(block.count == floats)
    for i in 0..<floats { block.floats[i] = Float(i & 1023) }
    #expect((0..<floats).allSatisfy { block.floats[$0] == Float($0 & 1023) })
  }

  @Test(arguments: [64, 5000, 70_000, 2_000_000])
  func aReleasedBlockIsTheNextOneOfItsSize(floats: Int) {
    // A second block keeps an older free one of the same class out of the way.
    let held = PooledMemory(count: floats)
    let address = { Int(bitPattern: PooledMemory(count: floats).floats) }
    let first = address()
    #expect(address() == first)
    withExtendedLifetime(held) {}
  }

  @Test func stepsAfterTheFirstTakeNothingFromTheSystem() {
    let sizes = [10, 300, 300, 4096, 50_000, 50_000, 1_000_000, 77, 123_456]
    func step() { withExtendedLifetime(sizes.map { PooledMemory(count: $0) }) {} }
    step()
    let before = MemoryPool.statistics
    for _ in 0..<100 { step() }
    let after = MemoryPool.statistics
    #expect(after.systemAllocations == before.systemAllocations)
    #expect(after.systemBytes == before.systemBytes)
    #expect(after.usedBytes == before.usedBytes)
  }

  @Test func smallerStepsLiveOffALargerOne() {
    let large = [3_000_000, 2_500_000, 900_000, 900_000, 40_000]
    withExtendedLifetime(large.map { PooledMemory(count: $0) }) {}
    let before = MemoryPool.statistics.systemAllocations
    for percent in stride(from: 95, to: 30, by: -7) {
      withExtendedLifetime(large.map { PooledMemory(count: $0 * percent / 100) }) {}
    }
    #expect(MemoryPool.statistics.systemAllocations == before)
  }

  @Test func countersFollowWhatIsHandedOut() {
    let start = MemoryPool.statistics.usedBytes
    MemoryPool.resetPeak()
    #expect(MemoryPool.statistics.peakBytes == start)
    do {
      let block = PooledMemory(count: 1_000_000)
      let used = MemoryPool.statistics.usedBytes - start
      #expect(used >= 4_000_000)
      withExtendedLifetime(block) {}
    }
    #expect(MemoryPool.statistics.usedBytes == start)
    #expect(MemoryPool.statistics.peakBytes >= start + 4_000_000)
    MemoryPool.resetPeak()
    #expect(MemoryPool.statistics.peakBytes == start)
  }

  @Test func trimReturnsFreeBlocks() {
    withExtendedLifetime(PooledMemory(count: 5_000_000)) {}
    let before = MemoryPool.statistics.systemBytes
    let returned = MemoryPool.trim()
    #expect(returned >= 20_000_000)
    #expect(MemoryPool.statistics.systemBytes == before - returned)
    #expect(MemoryPool.trim() == 0)
    let fresh = PooledMemory(count: 5_000_000)
    fresh.floats[4_999_999] = 1
    #expect(fresh.floats[4_999_999] == 1)
  }

  @Test func concurrentUsersGetBlocksOfTheirOwn() {
    let users = 4
    let clashes = Cells(users)
    let start = MemoryPool.statistics.usedBytes
    DispatchQueue.concurrentPerform(iterations: users) { user in
      let stream = RandomStream(seed: 5, stream: UInt64(user))
      var held: [PooledMemory] = []
      for step in 0..<2000 {
        let random = stream.integer(at: UInt64(step), below: 20_000)
        let block = PooledMemory(count: random + 1)
        let mark = Float(user * 10_000 + step)
        block.floats[0] = mark
        block.floats[random] = mark
        held.append(block)
        if held.count > 20 {
          let oldest = held.removeFirst()
          let expected = Float(user * 10_000 + step - 20)
          if oldest.floats[0] != expected || oldest.floats[oldest.count - 1] != expected {
            clashes.values[user] += 1
          }
        }
      }
    }
    #expect(clashes.all == [Int](repeating: 0, count: users))
    #expect(MemoryPool.statistics.usedBytes == start)
  }
}
