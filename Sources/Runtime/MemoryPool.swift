import CKernels

/// The pool that all tensors take their memory from.
public enum MemoryPool {
  /// Counters of the pool since the start of the process.
  public struct Statistics: Sendable {
    /// Blocks taken from the system so far.
    ///
    /// Constant once training runs.
    public let systemAllocations: Int
    /// Bytes taken from the system.
    public let systemBytes: Int
    /// Bytes handed out now.
    public let usedBytes: Int
    /// The most bytes handed out at once.
    public let peakBytes: Int
  }

  /// The counters now.
  public static var statistics: Statistics {
    let counters = kk_memory_statistics()
    return Statistics(
      systemAllocations: Int(counters.system_allocations), systemBytes: Int(counters.system_bytes),
      usedBytes: Int(counters.used_bytes), peakBytes: Int(counters.peak_bytes))
  }

  /// Starts the peak anew from what is in use now.
  public static func resetPeak() { kk_memory_reset_peak() }

  /// Gives free large blocks back to the system; returns the bytes.
  @discardableResult
  public static func trim() -> Int { Int(kk_memory_trim()) }
}

/// A block of pooled memory that returns to the pool with its last reference.
package final class PooledMemory {
  package let floats: UnsafeMutablePointer<Float>
  package let count: Int
  private let blockClass: UInt32

  /// Uncleared memory for `count` floats.
  package init(count: Int) {
    var blockClass: UInt32 = 0
    guard let memory = kk_memory_allocate(max(count, 1) * MemoryLayout<Float>.stride, &blockClass)
    else { fatalError("out of memory: \(count) floats") }
    floats = memory.assumingMemoryBound(to: Float.self)
    self.count = count
    self.blockClass = blockClass
  }

  deinit { kk_memory_release(floats, blockClass) }
}
