import Foundation

/// A value behind a lock of the system's threads, which ThreadSanitizer can follow (it reports
/// false races for `Synchronization.Mutex` on Linux).
final class Locked<Value>: @unchecked Sendable {
  private let lock = NSLock()
  private var value: Value

  init(_ value: Value) { self.value = value }

  func withLock<R>(_ body: (inout Value) throws -> R) rethrows -> R {
    lock.lock()
    defer { lock.unlock() }
    return try body(&value)
  }
}
