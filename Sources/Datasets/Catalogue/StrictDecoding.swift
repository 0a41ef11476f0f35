import Runtime

extension Decoder {
  /// A keyed container whose keys are all known.
  ///
  /// - Throws: `KirchhoffError` that names `subject`, the unknown key and the nearest known one.
  func strictContainer<Key: CodingKey & CaseIterable>(
    _ type: Key.Type, of subject: String
  ) throws -> KeyedDecodingContainer<Key> {
    let known = Key.allCases.map(\.stringValue)
    for key in try container(keyedBy: AnyCodingKey.self).allKeys.map(\.stringValue)
    where !known.contains(key) {
      throw KirchhoffError(
        .config, subject: subject, found: "unknown key \"\(key)\"",
        expected: "one of \(known.joined(separator: ", "))",
        hint: nearest(key, in: known).map { "did you mean \($0)?" })
    }
    return try container(keyedBy: type)
  }
}

/// Whatever key is there.
private struct AnyCodingKey: CodingKey {
  var stringValue: String
  var intValue: Int? { nil }

  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
