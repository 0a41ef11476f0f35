import Runtime
import Tensor

extension ParameterStore {
  /// Throws where a value is not a finite number; the error names the first, and where it is.
  ///
  /// - Parameters:
  ///   - subject: What the values come from: a file, a run.
  ///   - hint: What the user can do.
  public func checkFinite(_ subject: String, hint: String? = nil) throws {
    for entry in entries {
      let values = view(entry.parameter)
      guard let bad = values.firstNonFinite else { continue }
      let indices = RowMajor.indices(of: bad, in: values.shape.array)
      throw KirchhoffError(
        .numerical, subject: subject, place: "\(entry.name) \(indices)",
        found: "\(values.pointer[bad])", expected: "a finite number", hint: hint)
    }
  }
}
