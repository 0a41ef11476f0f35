import Foundation
import Runtime

/// Turns Ctrl-C and SIGTERM into a wish to stop, so that long work can save and leave in order.
///
/// The first signal sets a flag, which the loop asks for between steps. A second Ctrl-C leaves the
/// process at once. Exit codes are those of a shell: 130 after SIGINT, 143 after SIGTERM.
public enum SignalGuard {
  /// Catches SIGINT and SIGTERM from now on.
  ///
  /// Calling it again starts with a clean flag.
  public static func install() {
    received.pointee = 0
    var action = sigaction()
    // Blocking calls go on by themselves: the flag is asked for between steps anyway.
    action.sa_flags = Int32(SA_RESTART)
    let handler: @convention(c) (Int32) -> Void = { signal in
      // Only what is safe inside a handler: memory that exists, write, _exit.
      if received.pointee != 0 && signal == SIGINT { _exit(128 + signal) }
      received.pointee = signal
    }
    #if canImport(Darwin)
      action.__sigaction_u.__sa_handler = handler
    #else
      action.__sigaction_handler.sa_handler = handler
    #endif
    sigaction(SIGINT, &action, nil)
    sigaction(SIGTERM, &action, nil)
    // A parent may have started this process with both blocked, as worker threads of Dispatch do.
    var both = sigset_t()
    sigemptyset(&both)
    sigaddset(&both, SIGINT)
    sigaddset(&both, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &both, nil)
    // A reader that goes away (a pipe into head) must not end the work unsaved.
    signal(SIGPIPE, SIG_IGN)
  }

  /// Gives the signals their usual meaning back.
  public static func uninstall() {
    signal(SIGINT, SIG_DFL)
    signal(SIGTERM, SIG_DFL)
  }

  /// Whether the work should stop at the next good moment.
  public static var shouldStop: Bool { received.pointee != 0 }

  /// The exit code that tells a shell which signal ended the work, or nil when none came.
  public static var exitCode: Int32? {
    let signal = received.pointee
    return signal == 0 ? nil : 128 + signal
  }

  /// Throws `.interrupted` when a signal came; `saved` says where the work can be taken up again.
  public static func check(saved: String? = nil) throws {
    guard shouldStop else { return }
    throw KirchhoffError(
      .interrupted, subject: received.pointee == SIGTERM ? "SIGTERM" : "Ctrl-C",
      found: "a request to stop", hint: saved)
  }
}

/// The last signal, in memory that a handler may touch.
nonisolated(unsafe) private let received: UnsafeMutablePointer<Int32> = {
  let memory = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
  memory.initialize(to: 0)
  return memory
}()
