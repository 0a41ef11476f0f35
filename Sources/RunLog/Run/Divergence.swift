import Runtime

/// A training that has diverged: what its loss has become is no number.
///
/// Such a run stops, for nothing that it learns from there on is of use; its last checkpoint is from
/// before.
public enum Divergence {
  /// Throws when a loss of the step just taken is not a finite number.
  ///
  /// - Parameters:
  ///   - losses: The losses of a step, by name.
  ///   - run: The run directory.
  ///   - step: The step.
  ///   - learningRate: The rate it was taken with.
  ///   - checkpoints: The run's checkpoints.
  public static func check(
    _ losses: [String: Double], of run: String, step: Int, learningRate: Float,
    checkpoints: CheckpointStore
  ) throws {
    let bad = losses.filter { !$0.value.isFinite }.min { $0.key < $1.key }
    guard let bad else { return }
    let saved = checkpoints.steps.last { $0 < step }
    throw KirchhoffError(
      .numerical, subject: run, place: "step \(step), loss \"\(bad.key)\"",
      found: bad.value.isNaN ? "nan" : "\(bad.value)", expected: "a finite number",
      hint: "the training diverged at a learning rate of \(learningRate); "
        + (saved.map { "the last checkpoint is of step \($0)" } ?? "there is no checkpoint yet"))
  }
}
