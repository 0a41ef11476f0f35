import Runtime

extension ParameterStore {
  /// Throws where a value is not a finite number; the error names the first, and where it is.
  ///
  /// - Parameters:
  ///   - subject: What the values come from: a file, a run.
  ///   - hint: What the user can do.
  public func checkFinite(_ subject: String, hint: String? = nil) throws {
    for entry in entries {
      let parameter = entry.parameter
      let values = UnsafeBufferPointer(
        start: self.values + parameter.offset, count: parameter.shape.count)
      guard let bad = values.firstIndex(where: { !$0.isFinite }) else { continue }
      let indices = RowMajor.indices(of: bad, in: parameter.shape.array)
      throw KirchhoffError(
        .numerical, subject: subject, place: "\(entry.name) \(indices)", found: "\(values[bad])",
        expected: "a finite number", hint: hint)
    }
  }
}
