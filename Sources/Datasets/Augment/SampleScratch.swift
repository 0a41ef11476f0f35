/// Working memory for one image on its way through augmentation.
final class SampleScratch: @unchecked Sendable {
  let source: UnsafeMutablePointer<UInt8>
  let first: UnsafeMutablePointer<UInt8>
  let second: UnsafeMutablePointer<UInt8>
  let noise: UnsafeMutablePointer<Float>

  init(shape: ImageShape) {
    source = .allocate(capacity: shape.count)
    first = .allocate(capacity: shape.count)
    second = .allocate(capacity: shape.count)
    noise = .allocate(capacity: shape.count)
  }

  deinit {
    source.deallocate()
    first.deallocate()
    second.deallocate()
    noise.deallocate()
  }
}

/// Scratches that threads take and give back, so that a running loader allocates none.
final class ScratchPool: Sendable {
  private let shape: ImageShape
  private let free = Locked<[SampleScratch]>([])

  init(shape: ImageShape) { self.shape = shape }

  func with<R>(_ body: (SampleScratch) throws -> R) rethrows -> R {
    let scratch = free.withLock { $0.popLast() } ?? SampleScratch(shape: shape)
    defer { free.withLock { $0.append(scratch) } }
    return try body(scratch)
  }
}
