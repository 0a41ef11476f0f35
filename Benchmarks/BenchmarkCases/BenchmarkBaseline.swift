import Foundation

/// Results to compare with, by case and threads: those of an earlier run, or of another library on
/// the same shapes.
///
/// A line of another library has the library in front of the case and may name a variant of it
/// (`torch.mha.sdpa.b64…`, `torch.optim.adamw.fused.5M+malloc`). All variants stand for one case,
/// and the fastest counts: the peer at its best.
public struct BenchmarkBaseline: Sendable {
  private struct Line: Decodable {
    var `case`: String
    var threads: Int
    var value: Double
  }

  private let values: [String: Double]

  /// Whether there is no result at all.
  public var isEmpty: Bool { values.isEmpty }

  /// Reads JSON lines with the fields `case`, `threads` and `value`; others are passed over.
  public init(jsonLines text: String) {
    let decoder = JSONDecoder()
    var values: [String: Double] = [:]
    for text in text.split(separator: "\n") {
      guard let line = try? decoder.decode(Line.self, from: Data(text.utf8)) else { continue }
      let key = Self.key(Self.ownName(line.case), line.threads)
      values[key] = max(line.value, values[key] ?? 0)
    }
    self.values = values
  }

  /// `result` over the baseline's value of the same case and threads: above 1 is faster.
  public func ratio(of result: BenchmarkResult) -> Double? {
    values[Self.key(result.name, result.threads)].map { result.value / $0 }
  }

  private static let libraries: Set = ["torch"]
  private static let variants: Set = ["sdpa", "naive", "default", "foreach", "fused"]

  private static func ownName(_ name: String) -> String {
    // ONNX Runtime's cases name it instead of the memory layout.
    let name = name.prefix { $0 != "+" }.replacing(".ort.", with: ".nhwc.f32.")
    var parts = name.split(separator: ".").map(String.init)
    if let first = parts.first, libraries.contains(first) { parts.removeFirst() }
    return parts.filter { !variants.contains($0) }.joined(separator: ".")
  }

  private static func key(_ name: String, _ threads: Int) -> String { "\(name)@\(threads)" }
}
