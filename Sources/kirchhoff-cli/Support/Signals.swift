import Foundation

/// The signals that ask for an orderly stop.
enum Signals {
  /// Lets SIGINT and SIGTERM through.
  ///
  /// A program inherits what its parent has blocked, and parents that start programs from worker
  /// threads block nearly everything.
  static func unblock() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }
}
