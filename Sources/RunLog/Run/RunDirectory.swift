import Foundation
import Logging
import Runtime

/// The run directory that this process writes: one experiment from config to report.
///
/// It holds `config.yaml`, `machine.json`, `metrics.jsonl`, `checkpoints/`, `report.html` and, once
/// finished, `result.json` (see `RunPaths`). While open it is locked against a second process.
public final class RunDirectory {
  /// What to do with what is already there.
  public enum Mode: Equatable, Sendable {
    /// Begin a new run; refuse when one is there.
    case create
    /// Go on with the run that is there; refuse when there is none.
    case resume
    /// Begin anew and remove the files of the run that is there (and only those).
    case overwrite
  }

  /// Where its files are.
  public let paths: RunPaths
  private let lock: RunLock
  private let logger: Logger

  /// Creates or opens the directory and locks it.
  ///
  /// Throws `.usage` when a run is there that `mode` does not allow to touch, or none to resume, or
  /// another process writes it; `.io` when the place cannot be written.
  public init(
    _ paths: RunPaths, mode: Mode = .create, logger: Logger = Logger(label: "kirchhoff.run")
  ) throws {
    self.paths = paths
    self.logger = logger
    if mode == .resume, !paths.hasRun {
      throw KirchhoffError(
        .usage, subject: paths.root, found: "no run", expected: "a run to resume",
        hint: "leave --resume out to begin one")
    }
    try Folder.create(paths.root)
    lock = try RunLock(path: paths.lock, run: paths.root)
    Folder.removeLeftovers(paths.root)
    if mode == .create, paths.hasRun {
      throw KirchhoffError(
        .usage, subject: paths.root,
        found: paths.isFinished ? "a finished run" : "an unfinished run",
        expected: "an empty place for a new one",
        hint: "--resume goes on with it, --force replaces it, another --run leaves it alone")
    }
    if mode == .overwrite {
      for path in paths.all { try Folder.remove(path) }
    }
  }

  /// Gives the lock up; also done when the object goes.
  public func close() { lock.release() }

  /// Saves the config as resolved, in YAML that `ConfigLoader` reads back.
  public func write(config: some Encodable) throws {
    try AtomicFile.write(ConfigYAML.text(config), to: paths.config)
  }

  /// Saves the machine header; `extra` adds instruction set, BLAS core, threads and the like.
  public func writeMachine(adding extra: [String: String] = [:]) throws {
    try AtomicFile.writeJSON(MachineInfo.collect(adding: extra), to: paths.machine)
  }

  /// Saves the final figures, which marks the run as finished.
  public func write(result: some Encodable) throws {
    try AtomicFile.writeJSON(result, to: paths.result)
  }

  /// Draws `report.html` from the files of the run and returns its path.
  @discardableResult
  public func writeReport() throws -> String {
    try Report.write(paths)
    return paths.report
  }

  /// The checkpoints of the run.
  ///
  /// `fingerprint` names the search space they must fit.
  public func checkpoints(fingerprint: String, keep: Int = 2) -> CheckpointStore {
    CheckpointStore(
      folder: paths.checkpoints, fingerprint: fingerprint, keep: keep, logger: logger)
  }

  /// The metrics file of a run that begins (`nil`) or goes on from `checkpoint`.
  ///
  /// Lines behind the checkpoint are cut off, and damaged newer checkpoints set aside.
  public func metrics<State>(
    resuming checkpoint: Checkpoint<State>?, in store: CheckpointStore
  ) throws -> MetricsLog {
    guard let checkpoint else { return try metrics() }
    try store.setAside(after: checkpoint.step)
    return try MetricsLog(
      path: paths.metrics, keeping: .lines(checkpoint.metricLines), logger: logger)
  }

  /// The metrics file of a run that begins.
  public func metrics() throws -> MetricsLog {
    try MetricsLog(path: paths.metrics, keeping: .nothing, logger: logger)
  }
}
