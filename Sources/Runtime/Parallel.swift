import CKernels

/// The threads that `parallelFor` uses, the calling one included.
///
/// Results never depend on it: work is cut by shape, and the cuts are handed to whoever is free.
public enum Threads {
  /// The number in use; at the start, the processors this process may use.
  public static var count: Int {
    get { Int(kk_pool_threads()) }
    set { kk_pool_set_threads(Int32(clamping: newValue)) }
  }
}

/// Calls `body(i)` for every `i` in `0..<count`, on all threads, and returns when all are done.
///
/// The order and the thread of an index are not defined; `body` must write only to memory that
/// belongs to its index. Nested calls run in the calling thread.
public func parallelFor(_ count: Int, _ body: (Int) -> Void) {
  guard count > 1 else {
    if count == 1 { body(0) }
    return
  }
  withoutActuallyEscaping(body) { escapable in
    var closure = escapable
    withUnsafeMutablePointer(to: &closure) { pointer in
      kk_pool_run(
        { context, index in
          context!.assumingMemoryBound(to: ((Int) -> Void).self).pointee(index)
        }, pointer, count)
    }
  }
}

/// Cuts `0..<count` into pieces of `size` (the last may be shorter) and runs them in parallel.
public func parallelChunks(_ count: Int, of size: Int, _ body: (Range<Int>) -> Void) {
  let pieces = (count + size - 1) / size
  parallelFor(pieces) { piece in
    body(piece * size..<min(count, (piece + 1) * size))
  }
}

/// Scratch memory of the calling thread, aligned to 64 bytes, valid until its next use.
package func threadScratch(floats: Int) -> UnsafeMutablePointer<Float> {
  guard let memory = kk_thread_scratch(max(floats, 16) * MemoryLayout<Float>.stride) else {
    fatalError("out of memory: \(floats) floats of scratch")
  }
  return memory.assumingMemoryBound(to: Float.self)
}
