import Analog
import RunLog
import Runtime
import Supernet

/// The trainings of a study, each a run directory, so that a study goes on where it was stopped.
struct StudyTrainings: Sendable {
  /// The folder of the runs.
  let folder: String

  /// What a training came to: read where it is finished, gone on with where it is begun.
  ///
  /// - Parameters:
  ///   - name: Its run directory.
  ///   - remark: Its settings in words, for the error.
  ///   - progress: Called after every step.
  /// - Throws: `KirchhoffError(.interrupted)` after a signal, with everything saved; `.usage` for a folder with
  ///   a training of other settings.
  func result(
    _ name: String, _ config: NetworkConfig, remark: String,
    progress: @escaping @Sendable (Int) -> Void
  ) throws -> NetworkResult {
    let paths = RunPaths("\(folder)/\(name)")
    if paths.hasRun, try NetworkConfig.loader.load(paths.config) != config {
      throw KirchhoffError(
        .usage, subject: paths.config, found: "a training of other settings", expected: remark,
        hint: "choose another folder with --run")
    }
    if paths.isFinished {
      return try JSON.decode(
        NetworkResult.self, from: Folder.read(paths.result), kind: .data, subject: paths.result)
    }
    var options = TrainingRun.Options()
    options.progress = .quiet
    options.didStep = { step, _ in progress(step) }
    let isBegun = paths.hasRun
    let directory = try RunDirectory(paths, mode: isBegun ? .resume : .create)
    let run = try NetworkRun(config, directory: directory, resume: isBegun, options: options)
    guard let result = try run.run() else { preconditionFailure("a study's run has no other end") }
    return result
  }
}
