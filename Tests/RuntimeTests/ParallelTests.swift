import CKernels
import Foundation
import Runtime
import Testing

/// Runs `body` with a number of threads, and puts the old number back.
func withThreads<R>(_ count: Int, _ body: () throws -> R) rethrows -> R {
  let before = Threads.count
  Threads.count = count
  defer { Threads.count = before }
  return try body()
}

/// Counters that tasks on several threads write, each to its own places.
final class Cells: @unchecked Sendable {
  let values: UnsafeMutableBufferPointer<Int>

  init(_ count: Int) {
    values = .allocate(capacity: count)
    values.initialize(repeating: 0)
  }

  deinit { values.deallocate() }

  var all: [Int] { Array(values) }
}

@Suite(.serialized) struct ParallelTests {
  @Test(arguments: [1, 2, 3, 5], [0, 1, 2, 3, 7, 64, 1000, 4097])
  func everyIndexRunsOnce(threads: Int, count: Int) {
    withThreads(threads) {
      let cells = Cells(count + 2)
      for _ in 0..<50 {
        parallelFor(count) { cells.values[$0 + 1] += 1 }
      }
      #expect(cells.all == [0] + [Int](repeating: 50, count: count) + [0])
    }
  }

  @Test(arguments: [1, 2, 3, 5]) func writesAreSeenAfterTheLoop(threads: Int) {
    withThreads(threads) {
      let cells = Cells(17)
      for round in 1...2000 {
        parallelFor(17) { cells.values[$0] = round }
        guard cells.values.allSatisfy({ $0 == round }) else {
          Issue.record("round \(round) returned before its tasks: \(cells.all)")
          return
        }
      }
    }
  }

  @Test(arguments: [1, 2, 3, 5]) func nestedLoopsRunEveryPair(threads: Int) {
    withThreads(threads) {
      let cells = Cells(13 * 11)
      parallelFor(13) { outer in
        parallelFor(11) { inner in cells.values[outer * 11 + inner] += 1 }
      }
      #expect(cells.all.allSatisfy { $0 == 1 })
    }
  }

  @Test(arguments: [1, 2, 3]) func callersDoNotDisturbEachOther(threads: Int) {
    withThreads(threads) {
      let callers = 4
      let width = 33
      let rounds = 500
      let cells = Cells(callers * width)
      DispatchQueue.concurrentPerform(iterations: callers) { caller in
        for _ in 0..<rounds {
          parallelFor(width) { cells.values[caller * width + $0] += 1 }
        }
      }
      #expect(cells.all.allSatisfy { $0 == rounds })
    }
  }

  @Test func theThreadCountMayChangeBetweenLoops() {
    let cells = Cells(9)
    for round in 0..<300 {
      withThreads(1 + round % 5) {
        parallelFor(9) { cells.values[$0] += 1 }
      }
    }
    #expect(cells.all.allSatisfy { $0 == 300 })
  }

  @Test(arguments: [2, 3]) func severalThreadsWorkAtOnce(threads: Int) {
    withThreads(threads) {
      // Every task waits until all have begun, which one thread alone could never see.
      let begun = Cells(threads)
      let lock = NSLock()
      let met = Cells(threads)
      parallelFor(threads) { index in
        let deadline = Date(timeIntervalSinceNow: 20)
        lock.withLock { begun.values[index] = 1 }
        while Date() < deadline {
          if lock.withLock({ begun.values.reduce(0, +) }) == threads {
            met.values[index] = 1
            return
          }
          Thread.sleep(forTimeInterval: 0.0005)
        }
      }
      #expect(met.all == [Int](repeating: 1, count: threads))
    }
  }

  @Test(arguments: [(0, 4), (1, 4), (4, 4), (5, 4), (1000, 7), (3, 100)])
  func chunksCoverTheRangeInOrder(count: Int, size: Int) {
    let cells = Cells(count)
    let lengths = Cells((count + size - 1) / size)
    parallelChunks(count, of: size) { range in
      lengths.values[range.lowerBound / size] = range.count
      for i in range { cells.values[i] += 1 }
    }
    #expect(cells.all.allSatisfy { $0 == 1 })
    #expect(lengths.all.dropLast().allSatisfy { $0 == size })
    #expect(lengths.all.reduce(0, +) == count)
  }

  @Test func threadCountIsHeldWithinItsBounds() {
    withThreads(-3) { #expect(Threads.count == 1) }
    withThreads(100_000) { #expect(Threads.count == 256) }
  }

  @Test func scratchIsAlignedAndOfTheThread() {
    withThreads(2) {
      parallelFor(64) { index in
        let floats = 100 + index * 977
        let scratch = threadScratch(floats: floats)
        #expect(Int(bitPattern: scratch) % 64 == 0)
        scratch.update(repeating: Float(index), count: floats)
        #expect((0..<floats).allSatisfy { scratch[$0] == Float(index) })
      }
    }
  }
}
