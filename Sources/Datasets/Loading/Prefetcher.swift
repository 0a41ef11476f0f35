import Foundation

/// Background threads that make the next batches of a loader.
///
/// Each thread claims the next number in the sequence; a batch is a function of its number, so it
/// does not matter which thread makes it.
final class Prefetcher: @unchecked Sendable {
  private let maker: BatchMaker
  private let depth: Int
  private let workers: Int
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var consumed = 0
  private var claimed = 0
  /// Grows with every seek: what was claimed before is thrown away.
  private var generation = 0
  private var ready: [Int: Result<Batch, any Error>] = [:]
  private var started = false
  private var stopped = false

  init(maker: BatchMaker, depth: Int, workers: Int) {
    self.maker = maker
    self.depth = max(depth, 1)
    self.workers = max(workers, 0)
  }

  /// The number of the batch that `next` gives next.
  var position: Int {
    condition.lock()
    defer { condition.unlock() }
    return consumed
  }

  func seek(_ position: Int) {
    condition.lock()
    defer { condition.unlock() }
    guard position != consumed else { return }
    consumed = position
    claimed = position
    generation += 1
    ready.removeAll(keepingCapacity: true)
    condition.broadcast()
  }

  func next() throws -> Batch {
    condition.lock()
    defer { condition.unlock() }
    if workers == 0 {
      let batch = try maker.make(sequence: consumed, inParallel: true)
      consumed += 1
      return batch
    }
    startIfNeeded()
    while true {
      if let result = ready.removeValue(forKey: consumed) {
        // A batch that failed is not passed over: asking again fails again.
        if case .failure = result { ready[consumed] = result } else { consumed += 1 }
        condition.broadcast()
        return try result.get()
      }
      condition.wait()
    }
  }

  /// Ends the threads after the batches that they are making.
  func stop() {
    condition.lock()
    stopped = true
    ready.removeAll()
    condition.broadcast()
    condition.unlock()
  }

  private func startIfNeeded() {
    guard !started else { return }
    started = true
    for number in 0..<workers {
      let thread = Thread { [self] in work() }
      thread.name = "batches-\(number)"
      thread.start()
    }
  }

  private func work() {
    condition.lock()
    while !stopped {
      guard claimed - consumed < depth else {
        condition.wait()
        continue
      }
      let sequence = claimed
      let asked = generation
      claimed += 1
      condition.unlock()
      let result = Result { try maker.make(sequence: sequence, inParallel: false) }
      condition.lock()
      if asked == generation, !stopped { ready[sequence] = result }
      condition.broadcast()
    }
    condition.unlock()
  }
}
