import Foundation
import Kirchhoff

/// Runs work that asks `SignalGuard.shouldStop` now and then, and leaves even when it is stuck
/// where it cannot ask, such as a connection that does not answer.
enum Interruptible {
  private final class Outcome<Value: Sendable>: @unchecked Sendable {
    // Written by the worker before the semaphore, read behind it.
    var result: Result<Value, any Error>?
  }

  /// The value of `work`, run on a thread of its own.
  ///
  /// - Parameter grace: seconds that the work has to stop by itself after a signal.
  /// - Throws: what `work` throws; `.interrupted` when it did not stop in time.
  static func run<Value: Sendable>(
    grace: Double, _ work: @escaping @Sendable () throws -> Value
  ) throws -> Value {
    SignalGuard.install()
    defer { SignalGuard.uninstall() }
    let outcome = Outcome<Value>()
    let finished = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      outcome.result = Result { try work() }
      finished.signal()
    }
    while finished.wait(timeout: .now() + 0.1) == .timedOut {
      guard SignalGuard.shouldStop else { continue }
      guard finished.wait(timeout: .now() + grace) == .timedOut else { break }
      try SignalGuard.check(saved: "what has arrived is kept")
    }
    guard let result = outcome.result else { preconditionFailure("work ended without a result") }
    return try result.get()
  }
}
